#!/usr/bin/env bash
# A Neo4j Community server from Maven artefacts, without a container.
#
#   server.sh fetch            jars into NEO4J_DIST (once; 123 MB)
#   server.sh init PASSWORD    first password in NEO4J_HOME, before the first start
#   server.sh up               all of it: fetch, init with a password of its own (NEO4J_HOME/password), start, wait
#   server.sh start|wait|stop|kill|status
#
# Variables: NEO4J_DIST (jars), NEO4J_HOME (data, logs, pid), NEO4J_PORT (7687), NEO4J_XMX (512m), NEO4J_PAGECACHE (256m),
# NEO4J_JAVA (java; 17 or 21), NEO4J_VERSION (5.26.30), NEO4J_OWNER (a process: when it ends, the server is ended too),
# NEO4J_JAVA_OPTIONS (more of them), NEO4J_SETTINGS (more lines for neo4j.conf).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${NEO4J_VERSION:-5.26.30}
dist=$(realpath -m "${NEO4J_DIST:-$here/run/dist/$version}")
export NEO4J_HOME # the server refuses a path with .. in it
NEO4J_HOME=$(realpath -m "${NEO4J_HOME:-$here/run/home}")
export NEO4J_CONF=$NEO4J_HOME/conf
port=${NEO4J_PORT:-7687}
java=${NEO4J_JAVA:-java}
heap=${NEO4J_XMX:-512m}
pidfile=$NEO4J_HOME/run/neo4j.pid
classpath="$NEO4J_CONF:$dist/*"
opens=(
  --add-opens=java.base/java.nio=ALL-UNNAMED
  --add-opens=java.base/java.io=ALL-UNNAMED
  --add-opens=java.base/sun.nio.ch=ALL-UNNAMED
  --add-opens=java.base/java.util.concurrent=ALL-UNNAMED
)
options=(
  "-Xms$heap" "-Xmx$heap" -XX:+UseG1GC -XX:-OmitStackTraceInFastThrow -XX:+DisableExplicitGC
  -Djdk.nio.maxCachedBufferSize=1024 -Dio.netty.tryReflectionSetAccessible=true -Dlog4j2.disable.jmx=true
  -Dfile.encoding=UTF-8 ${NEO4J_JAVA_OPTIONS:-}
)

# When a process was born, in ticks since boot; nothing if it has ended. Its number may be another's by then.
born() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  local -a fields
  read -ra fields <<<"${stat##*) }" # from the state on: the name before it may hold spaces
  [[ ${fields[0]} == Z ]] || echo "${fields[19]}"
}

# Ends the server when its owner has ended, by whatever means. Returns when either has.
guard() { # owner, server
  local owner server
  owner=$(born "$1") server=$(born "$2")
  while [[ -n $server && $(born "$2") == "$server" ]]; do
    [[ -n $owner && $(born "$1") == "$owner" ]] || { kill -9 "$2"; return; }
    sleep 1
  done
}

# The process of the pid file, if it is alive and is a server of this home.
running() {
  [[ -s $pidfile ]] || return 1
  local pid
  pid=$(<"$pidfile")
  kill -0 "$pid" 2>/dev/null && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "--home-dir=$NEO4J_HOME "
}

gone() { # seconds
  local pid
  pid=$(<"$pidfile")
  for _ in $(seq $(($1 * 4))); do
    [[ -n $(born "$pid") ]] || { rm -f "$pidfile"; return 0; }
    sleep 0.25
  done
  echo "process $pid does not end" >&2
  return 1
}

configure() {
  mkdir -p "$NEO4J_HOME"/{conf,logs,data,run,plugins,import}
  sed -e "s/@PORT@/$port/" -e "s/@PAGECACHE@/${NEO4J_PAGECACHE:-256m}/" "$here/neo4j.conf" >"$NEO4J_CONF/neo4j.conf"
  printf '%s\n' "${NEO4J_SETTINGS:-}" >>"$NEO4J_CONF/neo4j.conf"
}

case ${1:-} in
  fetch)
    if [[ ! -e $dist/.whole ]]; then
      command -v mvn >/dev/null || { echo "Maven (mvn) is needed to fetch the server" >&2; exit 2; }
      mvn -B -q -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        "-Dneo4j.version=$version" "-DoutputDirectory=$dist"
      touch "$dist/.whole"
    fi ;;
  init)
    password=${2:?a password}
    configure
    "$java" "${opens[@]}" -cp "$classpath" org.neo4j.cli.AdminTool dbms set-initial-password "$password" >&2
    touch "$NEO4J_CONF/.whole" ;;
  up)
    "$0" fetch
    if [[ ! -e $NEO4J_CONF/.whole ]]; then
      mkdir -p "$NEO4J_HOME"
      [[ -s $NEO4J_HOME/password ]] || (umask 077 && head -c 18 /dev/urandom | base64 >"$NEO4J_HOME/password")
      "$0" init "$(<"$NEO4J_HOME/password")"
    fi
    "$0" start
    "$0" wait ;;
  start)
    if running; then echo "running already: $(<"$pidfile")"; exit 0; fi
    [[ -e $dist/.whole ]] || { echo "no server in $dist: run $0 fetch" >&2; exit 2; }
    [[ -e $NEO4J_CONF/.whole ]] || { echo "no configuration in $NEO4J_CONF: run $0 init PASSWORD" >&2; exit 2; }
    configure
    nohup "$java" "${opens[@]}" "${options[@]}" -cp "$classpath" org.neo4j.server.CommunityEntryPoint \
      "--home-dir=$NEO4J_HOME" "--config-dir=$NEO4J_CONF" >"$NEO4J_HOME/logs/console.log" 2>&1 </dev/null &
    echo $! >"$pidfile"
    if [[ -n ${NEO4J_OWNER:-} ]]; then
      setsid "$0" guard "$NEO4J_OWNER" "$(<"$pidfile")" >/dev/null 2>&1 </dev/null &
    fi ;;
  guard) guard "$2" "$3" ;;
  wait) # the port answers before questions do: whoever connects still asks until one is answered
    for _ in $(seq 480); do
      (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && exit 0
      running || { echo "the server ended:" >&2; tail -20 "$NEO4J_HOME/logs/console.log" >&2; exit 1; }
      sleep 0.25
    done
    echo "no answer on port $port within two minutes" >&2
    exit 1 ;;
  stop)
    running || { rm -f "$pidfile"; exit 0; }
    kill "$(<"$pidfile")"
    gone 90 ;;
  kill)
    running || exit 0
    kill -9 "$(<"$pidfile")"
    gone 10 ;;
  status)
    if running; then echo "running: process $(<"$pidfile"), port $port"; else echo "stopped"; exit 1; fi ;;
  *)
    sed -n 2,14p "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
    exit 2 ;;
esac
