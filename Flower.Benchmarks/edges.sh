#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures the edges of Flower against public programs, in one run and in turn, so that a noisy machine is noisy for
# all: requests a second with wrk, and bulk data through pairs of cats. Prints two tables in Markdown, each value the
# median of the repeats. Everything is on loopback and Unix sockets in a temporary directory, and ends with the script.
#
#   dotnet publish Flower -c Release -o publish && dotnet build Flower.Benchmarks -c Release
#   Flower.Benchmarks/edges.sh --flower publish/flower
#
# From Debian: wrk haproxy nginx-light libnginx-mod-stream socat netcat-openbsd ncat
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'TEXT'
edges.sh --flower PATH [OPTIONS]
  --flower PATH      the flower program, as dotnet publish makes it
  --server PATH      Flower.Benchmarks; default: the one built in Release
  --seconds N        of each run of wrk; default 3
  --repeats N        of everything, of which the median is printed; default 5
  --connections N    of wrk, on one thread; default 64
  --megabytes N      of each bulk transfer; default 2000
  --http LIST        default direct,ingress,relay,haproxy,nginx; "none" for none
  --bulk LIST        default flower,socat,nc,ncat; "none" for none
  --help
TEXT
}

flower='' server="$here/bin/Release/net10.0/Flower.Benchmarks"
seconds=3 repeats=5 connections=64 megabytes=2000
http=direct,ingress,relay,haproxy,nginx bulk=flower,socat,nc,ncat
while [ $# -gt 0 ]; do
  case $1 in
    --flower) flower=$(realpath "$2") ;;
    --server) server=$(realpath "$2") ;;
    --seconds) seconds=$2 ;;
    --repeats) repeats=$2 ;;
    --connections) connections=$2 ;;
    --megabytes) megabytes=$2 ;;
    --http) http=$2 ;;
    --bulk) bulk=$2 ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
  esac
  shift 2
done
[ -x "$flower" ] && [ -x "$server" ] || { usage >&2; exit 64; }

folder=$(mktemp -d)
mkdir "$folder/results"
pids=()
finish() {
  stop_all
  rm -rf "$folder"
}
trap finish EXIT
ulimit -n "$(ulimit -Hn)"

# --- processes -------------------------------------------------------------------------------------------------------

start() { # start LOG COMMAND…: in the background, ended by stop_all
  local log=$1
  shift
  "$@" >"$folder/$log" 2>&1 </dev/null &
  pids+=($!)
}

stop_all() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid" 2>/dev/null || true; done
  pids=()
}

await() { # await WHAT COMMAND…: until the command succeeds
  local what=$1 tries
  shift
  for ((tries = 0; tries < 400; tries++)); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.025
  done
  echo "edges.sh: $what is not ready" >&2
  tail -n 5 "$folder"/*.log >&2
  exit 1
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

cpu_ms() { # cpu_ms PID…: user and system time of the processes and their children, as proc(5) counts them
  local pid total=0 child
  for pid in "$@"; do
    for child in "$pid" $(cat "/proc/$pid/task/$pid/children"); do
      total=$((total + $(sed 's/.*) //' "/proc/$child/stat" | cut -d ' ' -f 12,13 | tr ' ' +)))
    done
  done
  # The kernel counts in USER_HZ here, 100 a second.
  echo $((total * 10))
}

# --- what stands in front of the server ------------------------------------------------------------------------------
# Each begins the server and what stands before it, sets port to where wrk goes, and front to the processes before it.

http_port=18080
front_port=18081

start_server() {
  start server.log "$server" http --listen "127.0.0.1:$http_port"
  await "the server" answers $http_port
}

start_board() {
  start board.log "$flower" switchboard --listen "$folder/board"
  front+=($!)
  await "the switchboard" test -S "$folder/board"
  export FLOWER_SWITCHBOARD="unix:$folder/board"
}

start_ingress() {
  start ingress.log "$flower" ingress accept --quiet "127.0.0.1:$front_port" service=www
  front+=($!)
  await "the ingress" answers $front_port
}

begin_direct() {
  start_server
  port=$http_port
}

begin_ingress() {
  start_board
  start server.log "$server" http --board "$folder/board" service=www
  await "the server" grep -q ready "$folder/server.log"
  start_ingress
  port=$front_port
}

begin_relay() {
  start_server
  start_board
  start egress.log "$flower" egress connect --to "127.0.0.1:$http_port" service=www
  front+=($!)
  await "the egress" sh -c "'$flower' ls service=www | grep -q www"
  start_ingress
  port=$front_port
}

# HAProxy as it comes: as many threads as processors, its default buffers, no splice. Each of its connections takes two
# descriptors, and it does not start with fewer.
begin_haproxy() {
  start_server
  local limit=$((($(ulimit -n) - 100) / 2))
  cat >"$folder/haproxy.cfg" <<CONFIG
global
  maxconn $((limit < 20000 ? limit : 20000))
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:$front_port backlog 4096
  default_backend back
backend back
  server www 127.0.0.1:$http_port
CONFIG
  start haproxy.log haproxy -db -q -f "$folder/haproxy.cfg"
  front+=($!)
  await haproxy answers $front_port
  port=$front_port
}

# nginx with as many workers as processors, its default buffers, and no log.
begin_nginx() {
  start_server
  local module=/usr/lib/nginx/modules/ngx_stream_module.so
  cat >"$folder/nginx.conf" <<CONFIG
$([ ! -e $module ] || echo "load_module $module;")
daemon off;
worker_processes auto;
pid $folder/nginx.pid;
error_log $folder/nginx.log error;
events { worker_connections 20000; }
stream {
  server {
    listen 127.0.0.1:$front_port backlog=4096;
    proxy_pass 127.0.0.1:$http_port;
  }
}
CONFIG
  start nginx.out nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/nginx.log"
  front+=($!)
  await nginx answers $front_port
  port=$front_port
}

# --- wrk -------------------------------------------------------------------------------------------------------------

put() { # put ROW COLUMN VALUE: one more value of a cell
  echo "$3" >>"$folder/results/$1.$2"
}

median() { # median ROW COLUMN
  sort -g "$folder/results/$1.$2" | awk '{v[NR] = $1} END {printf "%.6g", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}

run_wrk() { # run_wrk ROW KIND [ARGUMENT…]: puts the rate, p99 in µs, and CPU in µs a request of what is in front
  local row=$1 kind=$2 before after rate p99 bad count
  shift 2
  before=$(cpu_ms ${front[@]+"${front[@]}"})
  wrk -t 1 -c "$connections" -d "${seconds}s" --timeout 10s --latency "$@" "http://127.0.0.1:$port/" >"$folder/wrk.out"
  after=$(cpu_ms ${front[@]+"${front[@]}"})
  bad=$(grep -E 'Socket errors|Non-2xx' "$folder/wrk.out" || true)
  [ -z "$bad" ] || echo "edges.sh: $row, $kind: $bad" >&2
  rate=$(awk '/^Requests\/sec:/ {print $2}' "$folder/wrk.out")
  count=$(awk '/ requests in / {print $1}' "$folder/wrk.out")
  p99=$(awk '$1 == "99%" {n = $2 + 0; print $2 ~ /us$/ ? n : $2 ~ /ms$/ ? n * 1000 : n * 1000000}' "$folder/wrk.out")
  put "$row" "$kind.rate" "$rate"
  put "$row" "$kind.p99" "$p99"
  put "$row" "$kind.cpu" "$(awk -v ms=$((after - before)) -v n="$count" 'BEGIN {printf "%.2f", n ? ms * 1000 / n : 0}')"
}

measure_http() { # measure_http ROW
  front=()
  "begin_$1"
  # One that is not counted: the runtime compiles what is used.
  wrk -t 1 -c "$connections" -d 1s "http://127.0.0.1:$port/" >/dev/null
  wrk -t 1 -c "$connections" -d 1s -H 'Connection: close' "http://127.0.0.1:$port/" >/dev/null
  run_wrk "$1" keep
  run_wrk "$1" close -H 'Connection: close'
  stop_all
}

print_http() {
  local row kind
  echo "| | keep-alive req/s | of direct | p99 µs | CPU in front µs/req | close req/s | of direct | p99 µs | CPU in front µs/req |"
  echo "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
  for row in ${http//,/ }; do
    printf '| %s |' "$row"
    for kind in keep close; do
      awk -v rate="$(median "$row" $kind.rate)" -v p99="$(median "$row" $kind.p99)" -v cpu="$(median "$row" $kind.cpu)" \
        -v direct="$( [ -e "$folder/results/direct.$kind.rate" ] && median direct $kind.rate || echo 0)" \
        'BEGIN {printf " %.0f | %s | %.0f | %.1f |", rate, (direct > 0 ? sprintf("%.2f", rate / direct) : ""), p99, cpu}'
    done
    echo
  done
}

# --- bulk ------------------------------------------------------------------------------------------------------------
# Each pair carries the bytes one way over a Unix stream socket, from and to pipes as at a shell, or from a file (in
# memory, where /dev/shm is) to /dev/null. Timed are the two ends alone, not who fills and empties the pipes.

receiver() { # receiver TOOL
  case $1 in
    flower) "$flower" cat -l program=bulk ;;
    socat) socat -u -b 65536 "UNIX-LISTEN:$folder/bulk" - ;;
    nc) nc -d -l -U "$folder/bulk" ;;
    ncat) ncat -l -U "$folder/bulk" --recv-only ;;
  esac
}

sender() { # sender TOOL
  case $1 in
    flower) "$flower" cat program=bulk ;;
    socat) socat -u -b 65536 - "UNIX-CONNECT:$folder/bulk" ;;
    nc) nc -N -U "$folder/bulk" ;;
    ncat) ncat -U "$folder/bulk" --send-only ;;
  esac
}

timed() { # timed FILE COMMAND…: writes user and system seconds to the file
  local file=$1
  shift
  TIMEFORMAT='%U %S'
  { time "$@" 2>"$folder/$1.log"; } 2>"$folder/$file"
}

measure_bulk() { # measure_bulk TOOL SHAPE
  local tool=$1 shape=$2 from to bytes=$((megabytes * 1000000)) got
  rm -f "$folder/bulk"
  if [ "$shape" = pipe ]; then
    (timed receiver.time receiver "$tool" </dev/null | wc -c >"$folder/got") &
  else
    timed receiver.time receiver "$tool" </dev/null >/dev/null &
  fi
  pids+=($!)
  if [ "$tool" = flower ]; then
    await "flower cat" sh -c "'$flower' ls program=bulk | grep -q bulk"
  else
    await "$tool" test -S "$folder/bulk"
  fi
  from=$EPOCHREALTIME
  if [ "$shape" = pipe ]; then
    head -c "$bytes" /dev/zero | timed sender.time sender "$tool"
  else
    timed sender.time sender "$tool" <"$input"
  fi
  wait "${pids[-1]}"
  to=$EPOCHREALTIME
  unset 'pids[-1]'
  if [ "$shape" = pipe ]; then
    got=$(cat "$folder/got")
    [ "$got" -eq "$bytes" ] || echo "edges.sh: $tool carried $got bytes of $bytes" >&2
  fi
  put "$tool" "$shape.speed" "$(awk -v b="$bytes" -v s="$from" -v e="$to" 'BEGIN {print b / 1e9 / (e - s)}')"
  put "$tool" "$shape.cpu" "$(cat "$folder"/{sender,receiver}.time | awk -v b="$bytes" '{t += $1 + $2} END {print t / (b / 1e9)}')"
}

print_bulk() {
  local tool shape
  echo "| | pipe to pipe GB/s | CPU s/GB | file to /dev/null GB/s | CPU s/GB |"
  echo "|---|---:|---:|---:|---:|"
  for tool in ${bulk//,/ }; do
    printf '| %s |' "$tool"
    for shape in pipe file; do
      printf ' %.2f | %.2f |' "$(median "$tool" $shape.speed)" "$(median "$tool" $shape.cpu)"
    done
    echo
  done
}

# --- all of it -------------------------------------------------------------------------------------------------------

echo "$(nproc) processors, Linux $(uname -r); wrk -t 1 -c $connections, ${seconds} s; $megabytes MB; median of $repeats"
if [ "$http" != none ]; then
  for ((i = 0; i < repeats; i++)); do
    for row in ${http//,/ }; do measure_http "$row"; done
  done
  echo
  print_http
fi
if [ "$bulk" != none ]; then
  front=()
  start_board
  board=${pids[0]}
  input=$(mktemp -p "$([ -w /dev/shm ] && echo /dev/shm || echo "$folder")")
  trap 'rm -f "$input"; finish' EXIT
  head -c "$((megabytes * 1000000))" /dev/zero >"$input"
  for ((i = 0; i < repeats; i++)); do
    for shape in pipe file; do
      for tool in ${bulk//,/ }; do measure_bulk "$tool" $shape; done
    done
  done
  pids=("$board")
  echo
  print_bulk
fi
