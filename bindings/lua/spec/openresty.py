#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs examples/openresty in nginx, on loopback: verdicts, reloads, broken manifests, and load meanwhile.

    openresty.py BUILD NGINX

NETPOL_REQUESTS says how many requests each of four clients makes under load (default 3000).
"""
import contextlib
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
WEB, BATCH, STRANGER, ADMIN = "127.0.0.2", "127.0.0.3", "127.0.0.9", "127.0.0.1"
REQUESTS = int(os.environ.get("NETPOL_REQUESTS", "3000"))


def fail(*words):
    sys.exit("FAILED: " + " ".join(str(w) for w in words))


def same(why, got, wanted):
    if got != wanted:
        fail(f"{why}: {got!r}, not {wanted!r}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Gateway:
    """nginx in a folder of its own."""

    def __init__(self, folder, build, nginx):
        self.folder, self.build, self.nginx, self.port = folder, build, nginx, free_port()
        shutil.copytree(ROOT / "examples/openresty", folder, dirs_exist_ok=True)
        (folder / "logs").mkdir(exist_ok=True)
        config = (folder / "nginx.conf").read_text()
        self.configure(config.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
                       .replace("$prefix/?.lua;", f"$prefix/?.lua;{build}/lua/5.1/?.lua;")
                       .replace("    lua_shared_dict",
                                f'    lua_package_cpath "{build}/lua/5.1/?.so;;";\n    lua_shared_dict'))
        self.policy = (folder / "manifests/db.yaml").read_text()

    def configure(self, config):
        (self.folder / "nginx.conf").write_text(config)

    def command(self, *words):
        return [self.nginx, "-p", str(self.folder), "-c", "nginx.conf", *words]

    def write(self, text, name="db.yaml"):
        """As deployments do: whole at once."""
        path = self.folder / "manifests" / name
        path.with_name("new").write_text(text)
        path.with_name("new").rename(path)

    def ask(self, path, source=ADMIN, method="GET", connection=None):
        c = connection or http.client.HTTPConnection("127.0.0.1", self.port, 30, (source, 0))
        c.request(method, path)
        answer = c.getresponse()
        text = answer.read().decode()
        if not connection:
            c.close()
        return answer.status, text, answer.getheader("X-Worker")

    def memory(self):
        """KiB that the workers have for themselves, by files of /proc that anybody may read."""
        pages = 0
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid:
                    _, resident, shared, *_ = map(int, (folder / "statm").read_text().split())
                    pages += resident - shared
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024

    def settle(self, version):
        """Until every worker has this version."""
        seen, until = {}, time.monotonic() + 20
        while time.monotonic() < until:
            status = dict(line.split(" ", 1) for line in self.ask("/-/status")[1].splitlines())
            seen[status["worker"]] = int(status["version"])
            if len(seen) == 2 and set(seen.values()) == {version}:
                return
            time.sleep(0.01)
        fail("the workers have the versions", seen, "and not", version)

    @contextlib.contextmanager
    def running(self):
        self.process = subprocess.Popen(self.command("-g", "daemon off;"), stderr=subprocess.PIPE, text=True)
        try:
            self.wait()
            yield self
        finally:
            self.process.terminate()
            self.process.wait(20)

    def wait(self):
        for _ in range(200):
            if self.process.poll() is not None:
                fail("nginx ended:", self.process.stderr.read())
            with contextlib.suppress(OSError):
                return self.ask("/-/status")
            time.sleep(0.05)
        fail("nginx does not answer")


def reload(gateway):
    status = 409
    while status == 409:  # the worker follows another reload just now
        status, text, _ = gateway.ask("/-/reload", method="POST")
    same("the reload", (status, text[:8]), (200, "version "))
    return int(text.split()[1])


def check_verdicts(gateway):
    same("web is let through", gateway.ask("/db", WEB)[:2], (200, "the database\n"))
    same("batch is not", gateway.ask("/db", BATCH)[0], 403)
    same("nor are strangers", gateway.ask("/db", STRANGER)[0], 403)
    same("nobody else manages", gateway.ask("/-/status", WEB)[0], 403)
    same("the method", gateway.ask("/-/reload")[0], 405)
    status, text, _ = gateway.ask("/-/why?from=shop/batch&to=shop/db&port=5432")
    same("why", (status, text.splitlines()[0]), (200, "deny  shop/batch => shop/db TCP 5432"))
    same("why nobody", gateway.ask("/-/why?from=shop/nobody&to=shop/db")[0], 400)
    for query, reason in (("to=shop/db", "from is missing"), ("from=shop/web", "to is missing"), ("", "from is missing"),
                          ("from&to=shop/db", "from is missing"), ("from=&to=shop/db", "from is missing"),
                          ("from=a&from=b&to=shop/db", "from is given more than once"),
                          ("from=shop/web&to=shop/db&port", "port is missing"),
                          ("from=shop/web&to=shop/db&port=x!", "port"), ("from=%00&to=shop/db", "NUL")):
        status, text, _ = gateway.ask(f"/-/why?{query}")
        if status != 400 or reason not in text:
            fail("the query", query, "is answered", status, text)


def check_reload(gateway):
    gateway.write(gateway.policy.replace("app: web", "app: batch"))
    same("nothing without a reload", gateway.ask("/db", WEB)[0], 200)
    gateway.settle(reload(gateway))
    for _ in range(20):  # whichever worker
        same("web after", gateway.ask("/db", WEB)[0], 403)
        same("batch after", gateway.ask("/db", BATCH)[0], 200)


def check_broken(gateway):
    gateway.write(gateway.policy.replace("podSelector", "podSelektor", 1))
    status, text, _ = gateway.ask("/-/reload", method="POST")
    same("refused", status, 422)
    if 'db.yaml:8:3: unknown field "spec.podSelektor"' not in text:
        fail("the message:", text)
    for _ in range(20):
        same("as before", (gateway.ask("/db", WEB)[0], gateway.ask("/db", BATCH)[0]), (403, 200))
    if "podSelektor" not in (gateway.folder / "logs/error.log").read_text():
        fail("the log does not tell")
    gateway.write(gateway.policy)
    gateway.settle(reload(gateway))
    same("web again", gateway.ask("/db", WEB)[0], 200)


def check_no_policies(gateway):
    gateway.write("# nothing\n")
    status, text, _ = gateway.ask("/-/reload", method="POST")
    if status != 422 or "there is no policy" not in text:
        fail("no policy at all:", status, text)
    gateway.write("apiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {name: c}\nspec: {}\n")
    status, text, _ = gateway.ask("/-/reload", method="POST")
    if status != 422 or "projectcalico" not in text:
        fail("only a policy of others:", status, text)
    same("as before", (gateway.ask("/db", WEB)[0], gateway.ask("/db", STRANGER)[0]), (200, 403))
    gateway.write(gateway.policy)
    gateway.settle(reload(gateway))


def check_start(gateway):
    gateway.write(gateway.policy.replace("podSelector", "podSelektor", 1))
    started = subprocess.run(gateway.command("-g", "daemon off;"), capture_output=True, text=True, timeout=20)
    if started.returncode == 0 or "podSelektor" not in started.stderr:
        fail("nginx starts with broken manifests:", started.returncode, started.stderr)


class Client(threading.Thread):
    """Asks the same again and again, on one connection."""

    def __init__(self, gateway, source, allowed, count):
        super().__init__()
        self.gateway, self.source, self.allowed, self.count = gateway, source, allowed, count
        self.wrong, self.asked = [], 0

    def run(self):
        for i in range(self.count):
            if i % 500 == 0:
                connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, 30, (self.source, 0))
            try:
                status = self.gateway.ask("/db", connection=connection)[0]
            except (OSError, http.client.HTTPException) as error:
                status = repr(error)
            if status not in self.allowed:
                self.wrong.append(status)
            self.asked += 1


def load(gateway, count):
    """Requests while the policies change back and forth. Web may always, strangers never."""
    clients = [Client(gateway, WEB, {200}, count), Client(gateway, STRANGER, {403}, count),
               Client(gateway, BATCH, {200, 403}, count), Client(gateway, WEB, {200}, count)]
    both = gateway.policy.replace("- podSelector:\n            matchLabels:\n              app: web",
                                  "- podSelector: {}")
    for client in clients:
        client.start()
    reloads = version = 0
    while any(client.is_alive() for client in clients):
        gateway.write(gateway.policy if reloads % 2 else both)
        version = reload(gateway)
        reloads += 1
    gateway.settle(version)
    wrong = [status for client in clients for status in client.wrong]
    if wrong:
        fail(len(wrong), "wrong answers:", wrong[:5])
    return sum(client.asked for client in clients), reloads


def check_load(gateway):
    load(gateway, REQUESTS // 3)
    before = gateway.memory()
    asked, reloads = load(gateway, REQUESTS)
    grown = gateway.memory() - before
    if reloads < 20:
        fail("only", reloads, "reloads")
    if grown > 2048:
        fail(f"the workers grew by {grown} KiB in {reloads} reloads")
    print(f"{asked} requests during {reloads} reloads: none failed, memory {grown:+} KiB")


def check_no_wait(gateway):
    """While one worker compiles for long, the same worker answers."""
    pods = "".join(f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{i}, namespace: shop, labels: {{n: '{i}'}}}}\n"
                   f"status: {{podIP: 10.2.{i // 250}.{i % 250 + 1}}}\n" for i in range(20000))
    gateway.write(pods, "many.yaml")
    done, during = {}, []

    def long_reload():
        done["answer"] = gateway.ask("/-/reload", method="POST")

    thread = threading.Thread(target=long_reload)
    began = time.monotonic()
    thread.start()
    while thread.is_alive():
        status, _, worker = gateway.ask("/db", WEB)
        same("web meanwhile", status, 200)
        if thread.is_alive():
            during.append(worker)
    took = time.monotonic() - began
    same("the long reload", done["answer"][0], 200)
    same_worker = during.count(done["answer"][2])
    if same_worker < 5:
        fail(f"the worker that reloaded for {took:.2f} s answered {same_worker} requests meanwhile, all {len(during)}")
    print(f"a reload of {took:.2f} s: {same_worker} answers of the same worker meanwhile")


def main():
    build, nginx = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)  # the workers are not root
        check_start(Gateway(pathlib.Path(folder) / "broken", build, nginx))
        gateway = Gateway(pathlib.Path(folder) / "sound", build, nginx)
        with gateway.running():
            check_verdicts(gateway)
            check_reload(gateway)
            check_broken(gateway)
            check_no_policies(gateway)
            check_load(gateway)
            check_no_wait(gateway)
        said = (gateway.folder / "logs/error.log").read_text()
        if os.environ.get("NETPOL_SHOW"):
            print(said)
        if "[crit]" in said or "[alert]" in said or "[emerg]" in said:
            fail("the log:", said[-2000:])


main()
