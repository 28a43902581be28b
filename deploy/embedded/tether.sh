#!/bin/sh
# Runs a command that cannot outlive the process that started this script: stdin is a pipe from that process, and the
# kernel closes it however the process ends, kill -9 included. Then the command gets SIGNAL, GRACE seconds, and SIGKILL.
# usage: tether.sh PID_FILE GRACE SIGNAL COMMAND [ARGUMENT…]       (fd 3: the line of the pid file is written here too)
pid_file=$1 grace=$2 signal=$3
shift 3

# Field 22 of /proc/PID/stat: a process is known by its pid and its start. The name before it may contain spaces.
start_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# Should this script itself be killed with -9, the kernel kills the command (setpriv is in util-linux, so nearly everywhere).
command -v setpriv >/dev/null && set -- setpriv --pdeathsig KILL -- "$@"

exec 4<&0
# Both the command and the watcher hold the pipe: nothing is ever written, and each sees its end.
"$@" <&4 3>&- 4<&- &
child=$!
child_start=$(start_of "$child")
echo "$child $child_start $PPID $(start_of "$PPID") $(cat /proc/sys/kernel/random/boot_id)" | tee "$pid_file" >&3
exec 3>&-

(
  while read -r _ <&4; do :; done
  alive() { [ "$(start_of "$child")" = "$child_start" ]; }
  end=$(($(date +%s) + grace))
  alive && kill -s "$signal" "$child"
  while alive && [ "$(date +%s)" -lt "$end" ]; do sleep 0.1; done
  alive && kill -KILL "$child"
) &
watcher=$!

# A handler rather than '': an ignored signal would stay ignored in the command.
trap 'kill -TERM "$child" 2>/dev/null' TERM INT HUP
wait "$child"
status=$?
while kill -0 "$child" 2>/dev/null; do # a signal ended the wait, not the command
  wait "$child"
  status=$?
done
kill "$watcher" 2>/dev/null
exit "$status"
