# What the cluster's scripts share; sourced, with $state set to the cluster's folder.
#
# $state/processes holds a line for each daemon: NAME PID START-TIME. The start time, in ticks since
# boot, tells a process from a later one that got its number.

export PATH=$PATH:/usr/sbin:/sbin

die() { echo "cluster: $*" >&2; exit 1; }

start_time() { # pid
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  set -- ${stat##*) } # what follows the name, which may hold anything
  echo "${20}"
}

# Not a zombie, and not another one with its number.
running() { # pid, start time
  local stat
  [ "$(start_time "$1")" = "$2" ] || return 1
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  stat=${stat##*) }
  [ "${stat:0:1}" != Z ]
}

# Starts a daemon in a session of its own and writes it down.
start_daemon() { # name, log, command…
  local name=$1 log=$2
  shift 2
  setsid "$@" </dev/null >>"$log" 2>&1 &
  echo "$name $! $(start_time $!)" >>"$state/processes"
}

# "PID START-TIME" of the latest daemon of this name, if it runs.
find_daemon() { # name
  local name pid started found=
  while read -r name pid started; do
    if [ "$name" = "$1" ] && running "$pid" "$started"; then found="$pid $started"; fi
  done <"$state/processes"
  [ -n "$found" ] && echo "$found"
}

pid_of() { # name
  local found
  found=$(find_daemon "$1") || die "$1 does not run"
  echo "${found% *}"
}

children_of() { # pid
  cat "/proc/$1/task/$1/children" 2>/dev/null || true
}

# The first process inside a node of its own namespaces: "unshare" is its parent out here.
init_of() { # node number
  local children
  children=$(children_of "$(pid_of "node$1")")
  echo "${children%% *}"
}

# What a node runs: its slurmd, and its sshd where $state/ssh/sshd_config.N says how.
start_node() { # node number
  local n=$1
  if [ "$mode" = netns ]; then
    # --kill-child: killing unshare, or the init, ends all processes of the node.
    start_daemon "node$n" "$state/log/node$n.log" nsenter --net="/run/netns/$net-$n" \
      unshare --uts --pid --mount-proc --fork --kill-child bash "$here/node" "$state" "$n"
    return
  fi
  if [ -e "$state/slurm.conf" ]; then
    start_slurmd "$n"
  fi
  if [ -e "$state/ssh/sshd_config.$n" ]; then
    start_daemon "sshd$n" "$state/log/sshd$n.log" "$(command -v sshd)" -D -e -f "$state/ssh/sshd_config.$n"
  fi
}

# By their folder the slurmstepds of a node are told from those of the others.
start_slurmd() { # node number, of MODE=ports
  cd "$state/spool/node$1"
  start_daemon "slurmd$1" "$state/log/node$1.log" slurmd -D -N "node$1"
  cd /
}

start_controller() {
  start_daemon slurmctld "$state/log/controller.log" slurmctld -D
}
