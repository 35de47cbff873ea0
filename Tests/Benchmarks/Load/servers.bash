# Servers for a measurement, in a temporary folder: started on free ports, always stopped at exit. To be sourced.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

# shellcheck disable=SC2034 # used by the script that sources this
bench=bin/puffin-bench
folder=$(mktemp -d "${TMPDIR:-/tmp}/puffin-bench.XXXXXX")
pids=()

stop_servers() {
    if [ "${#pids[@]}" -gt 0 ]; then
        kill "${pids[@]}" 2>/dev/null || true
        wait "${pids[@]}" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap stop_servers EXIT
trap 'exit 130' INT TERM

# wait_for FILE TEXT: waits until FILE contains TEXT, which a server logs when it has started; fails after ten seconds.
wait_for() {
    for _ in $(seq 200); do
        if grep -q "$2" "$1" 2>/dev/null; then return; fi
        sleep 0.05
    done
    cat "$1" >&2
    echo "the server did not start: see above" >&2
    exit 2
}

# start_puffin DURABILITY: starts a server; its address is then in $address.
start_puffin() {
    local log="$folder/puffin-$1.log"
    bin/puffin-server --port 0 --data "$folder/puffin-$1.json" --durability "$1" >"$log" 2>&1 &
    pids+=($!)
    wait_for "$log" Ready
    address=$(sed -n 's/.*Server starting on \(.*\)/\1/p' "$log" | head -1)
}

# start_on_free_port FOLDER-NAME TEXT COMMAND...: starts a server that cannot choose a port itself; PORT in the command stands for
# one. TEXT is what it logs when it has started; if it is empty, the port is asked.
start_on_free_port() {
    local name=$1 text=$2 port log="$folder/$1.log"
    shift 2
    mkdir "$folder/$name"
    for _ in $(seq 20); do
        port=$((20000 + RANDOM % 20000))
        "${@//PORT/$port}" >"$log" 2>&1 &
        local pid=$!
        for _ in $(seq 200); do
            if { [ -n "$text" ] && grep -q "$text" "$log"; } || { [ -z "$text" ] && answers "$port"; }; then
                pids+=("$pid")
                # shellcheck disable=SC2034 # used by the caller
                address=127.0.0.1:$port
                return
            fi
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.05
        done
    done
    cat "$log" >&2
    echo "$1 did not start: see above" >&2
    exit 2
}

# answers PORT: whether something listens there.
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start_redis NAME PROMISE PROGRAM OPTION...: a server of Redis' kind; its address is then in $address.
start_redis() {
    local name=$1-$2 program=$3
    shift 3
    start_on_free_port "$name" 'Ready to accept connections' \
        "$program" --port PORT --bind 127.0.0.1 --save '' --dir "$folder/$name" "$@"
}

# start_pogocache PROGRAM: the same for pogocache, with one thread, as the others have.
start_pogocache() { start_on_free_port pogocache '' "$1" -h 127.0.0.1 -p PORT --threads 1; }
