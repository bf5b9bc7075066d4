"""Runs a command on a pseudo-terminal that is nothing but its controlling one: standard output and error are descriptors 3 and 4 of
this process, standard input is 5. What is read here is typed there, what is shown there is written here; at the end, behind a NUL,
a line tells the exit code and whether the terminal echoes."""
import fcntl
import json
import os
import select
import sys
import termios

master, slave = os.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for target, source in ((1, 3), (2, 4), (0, 5)):
        os.dup2(source, target)
    os.closerange(3, 64)
    os.execvp(sys.argv[1], sys.argv[1:])

for fd in (3, 4, 5):
    os.close(fd)
# The other side stays open here: a terminal that nobody has open any more shows nothing.
ended = os.pidfd_open(pid)
reading = [0, master, ended]
while True:
    ready, _, _ = select.select(reading, [], [])
    if 0 in ready:
        typed = os.read(0, 4096)
        if typed:
            os.write(master, typed)
        else:
            reading.remove(0)
    if master in ready:
        os.write(1, os.read(master, 4096))
    elif ended in ready:
        break
_, status = os.waitpid(pid, 0)
echoes = bool(termios.tcgetattr(slave)[3] & termios.ECHO)
code = os.waitstatus_to_exitcode(status)
os.write(1, b"\0" + json.dumps({"code": code, "echoes": echoes}).encode())
