#!/usr/bin/env bash
# A Neo4j Community server from Maven artefacts, without a container.
#
#   server.sh fetch            jars into NEO4J_DIST (once; 123 MB)
#   server.sh init PASSWORD    configuration and first password in NEO4J_HOME, before the first start
#   server.sh start|wait|stop|kill|status
#
# Variables: NEO4J_DIST (jars), NEO4J_HOME (data, logs, pid), NEO4J_PORT (7687), NEO4J_XMX (512m), NEO4J_PAGECACHE (256m),
# NEO4J_JAVA (java; 17 or 21), NEO4J_VERSION (5.26.30).
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
  -Dfile.encoding=UTF-8
)

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
    kill -0 "$pid" 2>/dev/null || { rm -f "$pidfile"; return 0; }
    sleep 0.25
  done
  echo "process $pid does not end" >&2
  return 1
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
    mkdir -p "$NEO4J_HOME"/{conf,logs,data,run,plugins,import}
    sed -e "s/@PORT@/$port/" -e "s/@PAGECACHE@/${NEO4J_PAGECACHE:-256m}/" "$here/neo4j.conf" >"$NEO4J_CONF/neo4j.conf"
    "$java" "${opens[@]}" -cp "$classpath" org.neo4j.cli.AdminTool dbms set-initial-password "$password" ;;
  start)
    if running; then echo "running already: $(<"$pidfile")"; exit 0; fi
    [[ -e $dist/.whole ]] || { echo "no server in $dist: run $0 fetch" >&2; exit 2; }
    [[ -e $NEO4J_CONF/neo4j.conf ]] || { echo "no configuration in $NEO4J_CONF: run $0 init PASSWORD" >&2; exit 2; }
    nohup "$java" "${opens[@]}" "${options[@]}" -cp "$classpath" org.neo4j.server.CommunityEntryPoint \
      "--home-dir=$NEO4J_HOME" "--config-dir=$NEO4J_CONF" >"$NEO4J_HOME/logs/console.log" 2>&1 </dev/null &
    echo $! >"$pidfile" ;;
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
    sed -n 2,11p "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
    exit 2 ;;
esac
