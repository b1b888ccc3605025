# SPDX-License-Identifier: GPL-2.0-only
# bash completion for bulkhead-ctl and bulkheadd: put it into /usr/share/bash-completion/completions as "bulkhead-ctl" and
# "bulkheadd", or source it.

_bulkhead_ctl_names() # of the objects of a list: _bulkhead_ctl_names guests name
{
    timeout 2 bulkhead-ctl --json "$1" 2>/dev/null | grep -o "\"$2\":\"[^\"]*\"" | cut -d '"' -f 4
}

_bulkhead_ctl()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i words
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --socket | --ports) ((i++)) ;;
            -*) ;;
            *)
                command=${COMP_WORDS[i]}
                break
                ;;
        esac
    done
    case $before in
        --socket | --ports)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --severity) words='info warning error critical' ;;
        --events) words='error warn info debug none' ;;
        --guest) words=$(_bulkhead_ctl_names guests name) ;;
        --type | --last | --wait) return ;;
        *)
            case $command in
                '') words='status guests devices networks faults events last-boot top console start shutdown stop restart
                    pause resume stop-device return-device cut restore log-level reboot poweroff
                    --json --socket --ports --help --version' ;;
                start | stop | restart | pause | resume | console) words=$(_bulkhead_ctl_names guests name) ;;
                shutdown) words="$(_bulkhead_ctl_names guests name) --wait" ;;
                stop-device | return-device)
                    words=$(_bulkhead_ctl_names devices device)
                    COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}
                    ;;
                cut | restore) words=$(_bulkhead_ctl_names networks name) ;;
                log-level) words='error warn info debug --events' ;;
                events) words='--follow --last --type --guest --severity --json' ;;
                reboot | poweroff) words='--yes' ;;
                *) words='--json' ;;
            esac
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

_bulkheadd()
{
    local word=${COMP_WORDS[COMP_CWORD]}
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--policy --check-policy --stdout --journal --syslog --metrics --interval --keep
            --socket --socket-group --ports --events --control --journal-socket --syslog-socket --help --version' -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -F _bulkhead_ctl bulkhead-ctl
complete -o filenames -F _bulkheadd bulkheadd
