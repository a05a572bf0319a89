#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main job on one example: a database that the API may reach and the web page may not. Three policies,
# asked through the netpol command and then from C. `make demo` builds first.
set -uo pipefail
cd "$(dirname "$0")"

netpol=../build/bin/netpol
embed=../build/examples/embed
build_policy=../build/examples/build_policy

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else bold='' dim='' green='' red='' plain=''; fi
wrong=0

title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
say() { printf '%s\n' "$*"; }
quote() { sed "s/^/    $dim/; s/\$/$plain/"; }

# may FROM TO PORT EXPECTED: one line with the answer, one with what decided it
may() {
    local answer verdict reason mark=$green
    answer=$("$netpol" eval -f db-policy/cluster.yaml -f "$policy" --from "$1" --to "$2" --port "$3")
    verdict=${answer%% *}
    [ "$verdict" = deny ] && mark=$red
    # Of the two sides, the one where a rule speaks.
    reason=$(grep -E "^ +(in|e)gress +$verdict" <<<"$answer" | sed -E 's/^ +//; s/ +/ /g')
    reason=$({ grep -E ' by |no rule' <<<"$reason" || echo "$reason"; } | tail -n 1)
    printf '  %s%-5s%s %-13s -> %-13s %s\n        %s%s%s\n' "$mark" "$verdict" "$plain" "$1" "$2" "port $3" \
        "$dim" "$reason" "$plain"
    if [ "$verdict" != "$4" ]; then
        say "        this should have been: $4"
        wrong=1
    fi
}

title "A small cluster (examples/db-policy/cluster.yaml)"
say "  default: db (role=db), api (name=api-pod), web (name=web-pod)"
say "  prod:    api (name=api-pod), report; the namespace has the label name=prod"

title "1. Without any policy everybody reaches the database"
policy=/dev/null
may default/web default/db 3306 allow 2>/dev/null

policy=db-policy/1-either.yaml
title "2. Either the API, or anyone from production (examples/$policy)"
sed -n '/ingress:/,$p' "$policy" | quote
may default/api default/db 3306 allow
may prod/report default/db 3306 allow
may default/web default/db 3306 deny
may default/api default/db 22 deny

policy=db-policy/2-both.yaml
title "3. Both at once: the API of production (examples/$policy)"
sed -n '/ingress:/,$p' "$policy" | quote
may prod/api default/db 3306 allow
may default/api default/db 3306 deny
may prod/report default/db 3306 deny
may default/web default/db 3306 deny

policy=db-policy/3-in-and-out.yaml
title "4. In and out: the database may only talk back to the API (examples/$policy)"
sed -n '/ingress:/,$p' "$policy" | quote
may default/api default/db 3306 allow
may default/web default/db 3306 deny
may default/db default/api 8080 allow
may default/db default/web 80 deny
may default/db 203.0.113.7 443 deny

title "Who can talk to whom (netpol list)"
"$netpol" list -f db-policy/cluster.yaml -f db-policy/1-either.yaml --focus default/db | sed 's/^/  /'

title "What the API server would say (netpol check)"
"$netpol" check --summary db-policy | sed 's/^/  /'

title "Policies tested like code (netpol test)"
"$netpol" test db-policy/scenario.yaml scenarios/shop.yaml --coverage | sed 's/^/  /' || wrong=1

title "The same question from C (examples/embed.c)"
"$embed" default/web default/db 3306 db-policy/cluster.yaml db-policy/1-either.yaml | sed 's/^/  /'

title "A policy made in C, its port changed, written as YAML (examples/build_policy.c)"
"$build_policy" | sed 's/^/  /'

title "Next"
say "  build/bin/netpol --help · README.md · docs/overview.md · include/netpol.h"
exit $wrong
