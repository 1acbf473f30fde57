#!/usr/bin/env bash
# A real S3 server for the tests: one Ceph monitor, one OSD on a sparse file, one RADOS gateway, on 127.0.0.1 only.
#
#   rgw.sh start FOLDER PORT [OWNER]   prints the endpoint once it answers (about 14 s); uses PORT, PORT+1, PORT+2.
#                                      With OWNER, a process id, it stops and removes itself when that is gone.
#   rgw.sh stop FOLDER                 ends the three daemons and removes FOLDER
#
# Needs: apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd
set -euo pipefail

readonly OSD_GIB=20
readonly ACCESS_KEY=zfs3backup-test SECRET_KEY=zfs3backup-test-secret

usage() {
  echo "usage: rgw.sh start FOLDER PORT [OWNER] | rgw.sh stop FOLDER" >&2
  exit 2
}

write_config() {
  local v2=$((port + 1)) v1=$((port + 2))
  cat >"$conf" <<EOF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = [v2:127.0.0.1:$v2,v1:127.0.0.1:$v1]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
keyring = $folder/keyring
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
# Without authentication there is no key to encrypt with, so the secure mode that is the default would wait for ever.
ms_mon_client_mode = crc
ms_client_mode = crc
mon_data = $folder/mon
osd_data = $folder/osd
rgw_data = $folder/rgw
run_dir = $folder/run
pid_file = $folder/run/\$name.pid
admin_socket = $folder/run/\$name.asok
log_file = $folder/log/\$name.log
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_crush_chooseleaf_type = 0
osd_objectstore = bluestore
bluestore_block_size = $((OSD_GIB * 1024 ** 3))
bluestore_block_create = true
osd_memory_target = 1073741824
rgw_frontends = beast endpoint=127.0.0.1:$port
# Space of deleted objects comes back within seconds instead of hours.
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 10
# Keys of the users' own (SSE-C) come over http here, as they do from a proxy that speaks https to the outside.
rgw_crypt_require_ssl = false
EOF
}

create_monitor() {
  ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *'
  for name in client.admin client.rgw; do
    ceph-authtool "$folder/keyring" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  done
  local fsid
  fsid=$(sed -n 's/^fsid = //p' "$conf")
  monmaptool --create --fsid "$fsid" --addv a "$(sed -n 's/^mon_host = //p' "$conf")" "$folder/monmap"
  ceph-mon -c "$conf" --mkfs -i a --keyring "$folder/keyring" --monmap "$folder/monmap"
}

start() {
  mkdir -p "$folder"/{mon,osd,rgw,run,log}
  write_config
  export CEPH_CONF=$conf
  local uuid
  uuid=$(cat /proc/sys/kernel/random/uuid)
  {
    create_monitor
    setsid ceph-mon -c "$conf" -i a
    timeout 60 ceph -c "$conf" osd new "$uuid"
    ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$uuid"
    setsid ceph-osd -c "$conf" -i 0
    timeout 120 radosgw-admin -c "$conf" user create --uid=test --display-name=test \
      --access-key="$ACCESS_KEY" --secret-key="$SECRET_KEY"
    setsid radosgw -c "$conf" -n client.rgw
  } >>"$folder/log/start.log" 2>&1
  wait_for_answer
  printf '{"endpoint":"http://127.0.0.1:%s","accessKeyId":"%s","secretAccessKey":"%s"}\n' \
    "$port" "$ACCESS_KEY" "$SECRET_KEY" | tee "$folder/server.json"
}

wait_for_answer() {
  for _ in $(seq 150); do
    # Bash's own sockets, so that curl need not be installed.
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    sleep 0.2
  done
  echo "radosgw does not answer on port $port; see $folder/log" >&2
  exit 1
}

stop_daemons() {
  local name pid
  for name in client.rgw osd.0 mon.a; do
    [ -s "$folder/run/$name.pid" ] || continue
    pid=$(cat "$folder/run/$name.pid")
    kill "$pid" 2>/dev/null || continue
    for _ in $(seq 50); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
  done
}

stop() {
  stop_daemons
  rm -rf "$folder"
}

watch_owner() {
  while kill -0 "$1" 2>/dev/null && [ -d "$folder/run" ]; do sleep 2; done
  if [ -d "$folder/run" ]; then stop; fi
}

verb=${1:-}
[ $# -ge 2 ] || usage
folder=$(readlink -m "$2")
conf=$folder/ceph.conf
case $verb in
  start)
    port=${3:?PORT is missing}
    [ ! -e "$conf" ] || { echo "$folder is in use; rgw.sh stop $folder" >&2; exit 1; }
    trap 'stop_daemons' ERR INT TERM
    start
    trap - ERR INT TERM
    if [ -n "${4:-}" ]; then
      watch_owner "$4" </dev/null >/dev/null 2>&1 &
    fi
    ;;
  stop) stop ;;
  *) usage ;;
esac
