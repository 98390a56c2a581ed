#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# import_bench: kithctl import of a list into a kithd that reaches no broker:
# rows a second, and CPU time and disk of kithd for each.
# usage: import_bench.sh [ROWS], in the build folder
set -eu

rows=${1:-2000}
dir=$(mktemp -d "${TMPDIR:-/tmp}/kith-import-XXXXXX")
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT

echo 3f6d1c9e0a7b4852bd1f94c6e8a05d73 > "$dir/secret"
chmod 600 "$dir/secret"
# Port 9 (discard): nobody listens there.
cat > "$dir/conf" << END
[component]
jid = kith.home.example
server = 127.0.0.1:9
secret_file = $dir/secret
[store]
url = sqlite:$dir/kith.db
hash_key_file = $dir/hash.key
[control]
socket = $dir/control
[limits]
all = off
END
{
	echo jid,owner,SN,MAN,MODEL,ROOM
	i=0
	while [ "$i" -lt "$rows" ]; do
		echo "t$i@home.example,o$((i / 10))@home.example,3948-$i,www.acme.example,IMC,kitchen"
		i=$((i + 1))
	done
} > "$dir/list.csv"

kithd/kithd -f "$dir/conf" > "$dir/log" 2>&1 &
pid=$!
i=0
while [ ! -S "$dir/control" ]; do
	kill -0 "$pid" || { cat "$dir/log"; exit 1; }
	i=$((i + 1))
	[ "$i" -lt 200 ] || exit 1
	sleep 0.05
done

now() { date +%s%N; }
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
began=$(now)
cpu=$(ticks)
kithd/kithctl -s "$dir/control" import "$dir/list.csv" > "$dir/said" || { tail -3 "$dir/said"; exit 1; }
cpu=$(($(ticks) - cpu))
took=$((($(now) - began) / 1000))
kill "$pid"
wait "$pid" || true
pid=
size=$(cat "$dir"/kith.db* | wc -c)
hertz=$(getconf CLK_TCK)
echo "import of $rows rows: $((rows * 1000000 / took)) rows/s, $((cpu * 1000000 / hertz / rows)) us of CPU and $((size / rows)) bytes of disk each"
