# Packages of Debian, for the scripts that install what tests use. Source it; `say` and
# `fail` are the script's own.

readonly POLICY_RC=/usr/sbin/policy-rc.d

installed() {
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2> /dev/null) == installed ]]
}

# Installs those named, if any. Their signatures are apt's to check, and so is the
# version: the distribution keeps only the newest.
install_debian() {
    if (($# == 0)); then
        return
    fi
    [[ $(id -u) == 0 ]] || fail "$* are missing; run this as root, or install them"
    say "installing $* from Debian"
    # A subshell, so that its trap goes off whatever happens in it.
    (
        keep_services_down
        apt_install "$@" || {
            say 'apt-get could not; trying once more with a new list of packages'
            apt-get update || fail 'apt-get update failed: is the package mirror reachable?'
            apt_install "$@" \
                || fail "apt-get could not install $*; see its message above"
        }
    )
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
}

# The tests start servers of their own. Debian's would start as services when
# they are installed, unless this file says that they must not (exit status 101).
keep_services_down() {
    if [[ -e $POLICY_RC ]]; then
        mv "$POLICY_RC" "$POLICY_RC.solgate"
        trap 'mv "$POLICY_RC.solgate" "$POLICY_RC"' EXIT
    else
        trap 'rm -f "$POLICY_RC"' EXIT
    fi
    printf '#!/bin/sh\nexit 101\n' > "$POLICY_RC"
    chmod 755 "$POLICY_RC"
}
