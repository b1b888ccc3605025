# SPDX-License-Identifier: GPL-2.0-only
# bash completion for bulkhead: put it into /usr/share/bash-completion/completions as "bulkhead", or source it.

_bulkhead()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    local options
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'check dump devices plan suggest topology groups audit attest dmar --help --version' -- "$word")
        return
    fi
    case $before in
        --machine | --pci-ids | --lspci | -o | --image | --ticket | --report | --report-json | --save-log)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --emulator)
            mapfile -t COMPREPLY < <(compgen -W 'qemu bochs' -- "$word")
            return
            ;;
        --depth)
            mapfile -t COMPREPLY < <(compgen -W 'quick full' -- "$word")
            return
            ;;
        --root)
            mapfile -t COMPREPLY < <(compgen -d -- "$word")
            return
            ;;
    esac
    case $command in
        check) options='--json' ;;
        dump) options='-o --root' ;;
        devices) options='--machine --json --lines --pci-ids' ;;
        plan) options='--machine --json' ;;
        suggest) options='--machine --pci-ids' ;;
        topology) options='--dot --svg --machine --pci-ids' ;;
        groups) options='--lspci --json --pci-ids' ;;
        audit) options='--json' ;;
        attest)
            options='--machine --emulator --image --ticket --report --depth --budget-ms --seed --timeout --report-json --save-log'
            ;;
        dmar) options='--json' ;;
        *) return ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _bulkhead bulkhead
