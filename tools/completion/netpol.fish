# SPDX-License-Identifier: MIT
# Completion of netpol for fish: put it into ~/.config/fish/completions.

function __netpol_has
    __fish_seen_subcommand_from $argv
end

complete -c netpol -f -n __fish_use_subcommand -a bench -d 'how fast this machine reads, compiles and judges'
complete -c netpol -f -n __fish_use_subcommand -a check -d 'everything the API server would say of each document'
complete -c netpol -f -n __fish_use_subcommand -a convert -d 'canonical YAML or JSON, as kubectl prints it'
complete -c netpol -f -n __fish_use_subcommand -a edit -d 'change a file and keep its comments'
complete -c netpol -f -n __fish_use_subcommand -a eval -d 'may SRC reach DST on this port?'
complete -c netpol -f -n __fish_use_subcommand -a explain -d 'why may SRC reach DST, or why not?'
complete -c netpol -f -n __fish_use_subcommand -a list -d 'who can talk to whom'
complete -c netpol -f -n __fish_use_subcommand -a test -d 'run scenarios: policies tested like code'
complete -c netpol -f -n __fish_use_subcommand -a help -d 'what a command does'

complete -c netpol -n '__netpol_has bench check convert eval explain why list test' -s f -l filename -r -F -d 'a file, a directory, or -'
complete -c netpol -n '__netpol_has check convert eval explain why list' -l fail-on-foreign -d 'policies of another system are an error'
complete -c netpol -n '__netpol_has bench check convert eval explain why list test' -l lenient -d 'read as a server without strict checks does'
complete -c netpol -l color -x -a 'auto always never' -d 'colours'
complete -c netpol -s h -l help -d 'help'
complete -c netpol -s V -l version -d 'version'

complete -c netpol -n '__netpol_has bench' -s o -l output -x -a 'text json' -d 'format'
complete -c netpol -n '__netpol_has bench' -l flows -x -d 'so many flows are judged'

complete -c netpol -n '__netpol_has check' -s o -l output -x -a 'text json jsonl sarif' -d 'format'
complete -c netpol -n '__netpol_has check' -l kind -x -a 'NetworkPolicy ClusterNetworkPolicy AdminNetworkPolicy BaselineAdminNetworkPolicy' -d 'accept this kind only'
complete -c netpol -n '__netpol_has check' -l kubernetes-version -x -d 'rules of this release'
complete -c netpol -n '__netpol_has check' -l channel -x -a 'experimental standard' -d 'fields of ClusterNetworkPolicy'
complete -c netpol -n '__netpol_has check' -l exit-zero -d 'invalid documents do not fail the run'
complete -c netpol -n '__netpol_has check' -l summary -d 'count the documents at the end'

complete -c netpol -n '__netpol_has convert' -s o -l output -x -a 'yaml json' -d 'format'
complete -c netpol -n '__netpol_has convert' -l defaults -d 'add what the API server adds'
complete -c netpol -n '__netpol_has convert' -l only-known -d 'leave out other kinds'
complete -c netpol -n '__netpol_has convert' -l show-managed-fields -d 'keep metadata.managedFields in YAML'

complete -c netpol -n '__netpol_has edit' -F
complete -c netpol -n '__netpol_has edit' -a 'set add delete rename'
complete -c netpol -n '__netpol_has edit' -s w -l write -d 'put the new text into the file itself'
complete -c netpol -n '__netpol_has edit' -l diff -d 'show what changes'
complete -c netpol -n '__netpol_has edit' -l document -x -d 'which document of the file, from 0'

complete -c netpol -n '__netpol_has eval explain why' -s o -l output -x -a 'text json jsonl' -d 'format'
complete -c netpol -n '__netpol_has eval explain why' -l from -x -d 'who connects'
complete -c netpol -n '__netpol_has eval explain why' -l to -x -d 'what is connected to'
complete -c netpol -n '__netpol_has eval explain why' -s p -l port -x -d 'number or name'
complete -c netpol -n '__netpol_has eval explain why' -l protocol -x -a 'TCP UDP SCTP ICMP ICMPv6' -d 'protocol'
complete -c netpol -n '__netpol_has eval explain why' -l family -x -a '4 6' -d 'IPv4 or IPv6 only'
complete -c netpol -n '__netpol_has eval' -l queries -r -F -d 'one question a line'

complete -c netpol -n '__netpol_has list' -s o -l output -x -a 'text json' -d 'format'
complete -c netpol -n '__netpol_has list' -l focus -x -d 'only the connections of this workload'
complete -c netpol -n '__netpol_has list' -l pods -d 'pods one by one'
complete -c netpol -n '__netpol_has list' -l self -d 'connections of a workload with itself too'

complete -c netpol -n '__netpol_has test' -s o -l output -x -a 'text json junit' -d 'format'
complete -c netpol -n '__netpol_has test' -l coverage -d 'say which rules decided in no case'
complete -c netpol -n '__netpol_has test' -s q -l quiet -d 'say nothing about what passed'

complete -c netpol -n '__netpol_has bench convert eval explain why list test' -l keep-going -d 'go on without what could not be loaded'
complete -c netpol -n '__netpol_has bench eval explain why list' -s n -l namespace -x -d 'of objects and names that give none'
complete -c netpol -n '__netpol_has bench eval explain why list' -l semantics -x -a 'spec cilium calico ovn-kubernetes antrea np-guard knp strict open all' -d 'what is left to the network plug-in'
complete -c netpol -n '__netpol_has eval explain why list' -l on-undefined -x -a 'report deny fail' -d 'when the plug-in decides'
complete -c netpol -n '__netpol_has bench eval explain why list' -l node-address -x -d 'one more address local to nodes'
complete -c netpol -n '__netpol_has bench eval explain why list' -l resolve -x -d 'what a domain name stands for'
complete -c netpol -n '__netpol_has eval explain why list' -l require -x -a 'policies pods policies,pods' -d 'no answer if none of these were read'
complete -c netpol -n '__netpol_has bench eval explain why list test' -l engine -x -a 'compiled reference' -d 'which machinery'
