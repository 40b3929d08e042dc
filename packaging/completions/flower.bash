# bash completion for flower(1). Generated from the program: see CONTRIBUTING.md.

_flower() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path='' words='' i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            # What follows is a command of its own.
            mapfile -t COMPREPLY < <(compgen -c -- "$word")
            return
        fi
        case "$path/${COMP_WORDS[i]}" in
            /switchboard | \
            /demo | \
            /cat | \
            /connect | \
            /run | \
            /serve | \
            /activate | \
            /ls | \
            /connections | \
            /top | \
            /explain | \
            /watch | \
            /status | \
            /doctor | \
            /web | \
            /tap | \
            /handles | \
            /revoke | \
            /weight | \
            /drain | \
            /ingress | \
            /ingress/accept | \
            /egress | \
            /egress/connect | \
            /resolver | \
            /resolver/dns | \
            /resolver/static | \
            /resolver/services)
                path+=/${COMP_WORDS[i]}
                ;;
        esac
    done
    case "$path $previous" in
        '/switchboard --listen') words='' ;;
        '/switchboard --admin') words='' ;;
        '/switchboard --control') words='' ;;
        '/switchboard --mode') words='' ;;
        '/switchboard --config') words='' ;;
        '/switchboard --check-config') words='' ;;
        '/switchboard --audit') words='' ;;
        '/switchboard --metrics') words='' ;;
        '/switchboard --otlp') words='' ;;
        '/cat -w' | '/cat --timeout') words='' ;;
        '/cat --wait') words='' ;;
        '/cat --at-eof') words='half-close keep quit' ;;
        '/cat -e' | '/cat --exec') words='' ;;
        '/cat --balance') words='weighted round-robin least' ;;
        '/cat --max-tries') words='' ;;
        '/cat --weight') words='' ;;
        '/cat --switchboard') words='' ;;
        '/connect --fd') words='' ;;
        '/connect -w' | '/connect --timeout') words='' ;;
        '/connect --wait') words='' ;;
        '/connect --balance') words='weighted round-robin least' ;;
        '/connect --max-tries') words='' ;;
        '/connect --switchboard') words='' ;;
        '/run --right') words='' ;;
        '/run --in') words='' ;;
        '/run --out') words='' ;;
        '/run --publish') words='' ;;
        '/run --balance') words='weighted round-robin least' ;;
        '/run --max-tries') words='' ;;
        '/run --bind') words='' ;;
        '/run --ro-bind') words='' ;;
        '/run --bwrap') words='' ;;
        '/run --switchboard') words='' ;;
        '/serve --max') words='' ;;
        '/serve --weight') words='' ;;
        '/serve --drain') words='' ;;
        '/serve --switchboard') words='' ;;
        '/activate --idle') words='' ;;
        '/activate --start-timeout') words='' ;;
        '/activate --stop-timeout') words='' ;;
        '/activate --switchboard') words='' ;;
        '/ls --switchboard') words='' ;;
        '/connections --switchboard') words='' ;;
        '/top --switchboard') words='' ;;
        '/explain --balance') words='weighted round-robin least' ;;
        '/explain --switchboard') words='' ;;
        '/watch --color') words='auto always never' ;;
        '/watch --switchboard') words='' ;;
        '/status --switchboard') words='' ;;
        '/doctor --color') words='auto always never' ;;
        '/doctor --switchboard') words='' ;;
        '/web --listen') words='' ;;
        '/web --host') words='' ;;
        '/web --admin') words='' ;;
        '/tap -w') words='' ;;
        '/tap -c') words='' ;;
        '/tap --snaplen') words='' ;;
        '/tap --drain') words='' ;;
        '/tap --switchboard') words='' ;;
        '/handles --switchboard') words='' ;;
        '/revoke --switchboard') words='' ;;
        '/weight --switchboard') words='' ;;
        '/drain --switchboard') words='' ;;
        '/ingress/accept --backlog') words='' ;;
        '/ingress/accept --keep-alive') words='' ;;
        '/ingress/accept --wait') words='' ;;
        '/ingress/accept --max-waiting') words='' ;;
        '/ingress/accept --peek') words='' ;;
        '/ingress/accept --peek-timeout') words='' ;;
        '/ingress/accept --peek-bytes') words='' ;;
        '/ingress/accept --max-peeking') words='' ;;
        '/ingress/accept --proxy-protocol') words='' ;;
        '/ingress/accept --drain') words='' ;;
        '/ingress/accept --balance') words='weighted round-robin least' ;;
        '/ingress/accept --max-tries') words='' ;;
        '/ingress/accept --switchboard') words='' ;;
        '/egress/connect --to') words='' ;;
        '/egress/connect --allow') words='' ;;
        '/egress/connect --connect-timeout') words='' ;;
        '/egress/connect --max-connecting') words='' ;;
        '/egress/connect --send-proxy-labels') words='' ;;
        '/egress/connect --drain') words='' ;;
        '/egress/connect --switchboard') words='' ;;
        '/resolver/dns --server') words='' ;;
        '/resolver/dns --search') words='' ;;
        '/resolver/dns --timeout') words='' ;;
        '/resolver/dns --tries') words='' ;;
        '/resolver/dns --hosts') words='' ;;
        '/resolver/dns --switchboard') words='' ;;
        '/resolver/static --key') words='' ;;
        '/resolver/static --switchboard') words='' ;;
        '/resolver/services --key') words='' ;;
        '/resolver/services --suffix') words='' ;;
        '/resolver/services --label') words='' ;;
        '/resolver/services --switchboard') words='' ;;
        *)
            case $path in
                '') words='switchboard demo cat connect run serve activate ls connections top explain watch status doctor web tap handles revoke weight drain ingress egress resolver --help' ;;
                '/switchboard') words='--listen --admin --control --replace --keep-sessions --mode --config --check-config --audit --metrics --otlp -v --verbose --help' ;;
                '/demo') words='--help' ;;
                '/cat') words='-l --listen -k --keep-listening -w --timeout --wait --at-eof -d --no-stdin -e --exec --progress --revocable --balance --max-tries --weight -v --verbose --json --switchboard --help' ;;
                '/connect') words='--fd --fdpass -w --timeout --wait --revocable --balance --max-tries --switchboard --help' ;;
                '/run') words='--right --in --out --box --publish --send-proxy --handle --balance --max-tries --no-network --bind --ro-bind --bwrap -v --verbose --switchboard --help' ;;
                '/serve') words='--max --wait --weight -v --verbose --drain --switchboard --help' ;;
                '/activate') words='--idle --start-timeout --stop-timeout -v --verbose --switchboard --help' ;;
                '/ls') words='--json --switchboard --help' ;;
                '/connections') words='--json --switchboard --help' ;;
                '/top') words='--switchboard --help' ;;
                '/explain') words='--ingress --balance --related-only --resolve --all --json --switchboard --help' ;;
                '/watch') words='--json --color --switchboard --help' ;;
                '/status') words='--json --switchboard --help' ;;
                '/doctor') words='--json --color --switchboard --help' ;;
                '/web') words='--listen --allow-remote --host --admin --help' ;;
                '/tap') words='-w -A -X -c --snaplen --drain --switchboard --help' ;;
                '/handles') words='--json --switchboard --help' ;;
                '/revoke') words='--connection --switchboard --help' ;;
                '/weight') words='--reset --switchboard --help' ;;
                '/drain') words='--undo --switchboard --help' ;;
                '/ingress') words='accept --help' ;;
                '/ingress/accept') words='--backlog --reuse-port --no-delay --keep-alive --wait --max-waiting --peek --peek-timeout --peek-bytes --require-peek --max-peeking --proxy-protocol --revocable --drain -q --quiet --balance --max-tries --switchboard --help' ;;
                '/egress') words='connect --help' ;;
                '/egress/connect') words='--to --allow --connect-timeout --max-connecting --relay --send-proxy --send-proxy-labels --drain --switchboard --help' ;;
                '/resolver') words='dns static services --help' ;;
                '/resolver/dns') words='--server --search --system --timeout --tries --hosts --switchboard --help' ;;
                '/resolver/static') words='--key --check --switchboard --help' ;;
                '/resolver/services') words='--key --suffix --label --switchboard --help' ;;
            esac
            ;;
    esac
    # Where there is nothing to propose, files are (-o default).
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _flower flower
