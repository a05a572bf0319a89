# SPDX-License-Identifier: MIT
# Completion of netpol for bash: source it, or put it into bash-completion's folder as "netpol".

_netpol_options() {
    case $1 in
    bench)
        echo "--filename --flows --output --namespace --semantics --node-address --resolve --engine
            --keep-going --lenient --color --help --version"
        ;;
    check)
        echo "--filename --kind --kubernetes-version --channel --exit-zero --summary --output
            --fail-on-foreign --lenient --color --help --version"
        ;;
    convert)
        echo "--filename --defaults --only-known --show-managed-fields --output --keep-going
            --fail-on-foreign --lenient --color --help --version"
        ;;
    edit)
        echo "--write --diff --document --color --help --version"
        ;;
    eval)
        echo "--filename --from --to --port --protocol --family --queries --output --namespace
            --semantics --on-undefined --node-address --resolve --require --engine --keep-going
            --fail-on-foreign --lenient --color --help --version"
        ;;
    explain | why)
        echo "--filename --from --to --port --protocol --family --output --namespace --semantics
            --on-undefined --node-address --resolve --require --engine --keep-going
            --fail-on-foreign --lenient --color --help --version"
        ;;
    list)
        echo "--filename --focus --pods --self --output --namespace --semantics --on-undefined
            --node-address --resolve --require --engine --keep-going --fail-on-foreign --lenient
            --color --help --version"
        ;;
    test)
        echo "--filename --coverage --quiet --output --engine --keep-going --lenient --color --help
            --version"
        ;;
    *)
        echo "bench check convert edit eval explain list test help --help --version"
        ;;
    esac
}

_netpol_formats() {
    case $1 in
    bench) echo "text json" ;;
    check) echo "text json jsonl sarif" ;;
    convert) echo "yaml json" ;;
    eval | explain | why) echo "text json jsonl" ;;
    list) echo "text json" ;;
    test) echo "text json junit" ;;
    esac
}

_netpol() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=
    [ "$COMP_CWORD" -gt 1 ] && command=${COMP_WORDS[1]}
    local words
    case $before in
    -o | --output) words=$(_netpol_formats "$command") ;;
    --semantics) words="spec cilium calico ovn-kubernetes antrea np-guard knp strict open all" ;;
    --on-undefined) words="report deny fail" ;;
    --engine) words="compiled reference" ;;
    --color) words="auto always never" ;;
    --protocol) words="TCP UDP SCTP ICMP ICMPv6" ;;
    --family) words="4 6" ;;
    --require) words="policies pods policies,pods" ;;
    --kind) words="NetworkPolicy ClusterNetworkPolicy AdminNetworkPolicy BaselineAdminNetworkPolicy" ;;
    -f | --filename | --queries) words= ;;
    *) words=$(_netpol_options "$command") ;;
    esac
    if [ -n "$words" ] && { [ -z "$command" ] || [ "${word#-}" != "$word" ] || [ "${before#-}" != "$before" ]; }; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames 2>/dev/null
    fi
}

complete -F _netpol netpol
