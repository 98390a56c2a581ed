# SPDX-License-Identifier: Apache-2.0
# packages.sh: sourced by ./try and ./check: which Debian packages are missing,
# and installing them without questions, with progress, without starting the
# system services that come with them.  The list is build-aux/packages.txt.

# packages_of KIND...: names from the list, e.g. `packages_of build try`
packages_of() {
	for kind; do
		awk -v kind="$kind" '$1 == kind { print $2 }' build-aux/packages.txt
	done
}

packages_missing() {
	for package; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || echo "$package"
	done
}

# The brokers and tools we need are started by us, privately.  While we
# install them nothing starts as a service of the system.
packages_without_services() {
	policy=/usr/sbin/policy-rc.d
	if [ -e "$policy" ]; then
		"$@"
		return
	fi
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	packages_status=0
	"$@" || packages_status=$?
	rm -f "$policy"
	return $packages_status
}

# apt's own progress, a line for every tenth of the way.
packages_apt() {
	{
		DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends \
			-o DPkg::Lock::Timeout=120 -o APT::Status-Fd=3 install "$@" \
			3>&1 >"$packages_log" 2>&1 </dev/null || echo "failed:::"
	} | awk -F: '
		/^failed/ { bad = 1 }
		/^dlstatus/ { what = "downloaded" }
		/^pmstatus/ { what = "installed" }
		/^(dl|pm)status/ && (what != last || int($3 / 10) > step) {
			last = what; step = int($3 / 10)
			printf "    %s %3d %%\n", what, $3; fflush()
		}
		END { exit bad }'
}

# packages_install NAME...: 0, or 1 with the end of apt's words on stderr
packages_install() {
	[ $# -gt 0 ] || return 0
	packages_log=$(mktemp)
	echo "    apt-get update"
	if apt-get -q update >"$packages_log" 2>&1 </dev/null &&
		packages_without_services packages_apt "$@"; then
		rm -f "$packages_log"
		return 0
	fi
	tail -n 20 "$packages_log" >&2
	rm -f "$packages_log"
	return 1
}
