"""Starts, waits for and ends processes, always by the pid that was started, never by name."""
import contextlib
import os
import random
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor


class Unfinished(AssertionError):
    pass


def wait_for(condition, what, seconds=15.0):
    """Calls condition until it is true, and returns its result. An OSError counts as false."""
    end = time.monotonic() + seconds
    pause = 0.005
    while True:
        try:
            result = condition()
        except OSError:
            result = None
        if result:
            return result
        if time.monotonic() > end:
            raise Unfinished(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def free_port():
    """A free port below the range from which the kernel takes the ports of clients, so that none of them takes it."""
    while True:
        port = random.SystemRandom().randrange(10000, 32768)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def accepts(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def children(pid):
    """The pid of a process and those of all its descendants."""
    found = [pid]
    for task in _listing(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    found += children(int(child))
    return found


def _listing(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode("utf-8", "replace").split("\0")[:-1]
    except OSError:
        return []


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def processor_time(pid):
    """The processor time of a process, in seconds."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9


def descriptors(pid):
    """The open descriptors of a process: {number: "socket:[123]"}."""
    found = {}
    for name in _listing(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def at_rest(pid):
    """Whether a process sleeps, so waits for the next event."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def memory(pid, kind="Pss_Anon"):
    """KiB of memory. Pss_Anon leaves out files, of which a process has a larger share when others end; Pss does not."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return int(file.read().partition(f"\n{kind}:")[2].split()[0])


def _default_signals():
    """Undoes that background jobs of a shell ignore SIGINT, and those of nohup SIGHUP."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(arguments, log, **more):
    """Starts a process in its own session, with its output in the file log."""
    with open(log, "ab") as output:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=more.pop("stdout", output),
            stderr=output,
            start_new_session=True,
            preexec_fn=_default_signals,
            **more,
        )


def end(process, seconds=10.0, number=signal.SIGTERM):
    """Sends SIGTERM, and after a while SIGKILL to the remaining processes of the tree."""
    if process is None:
        return
    tree = children(process.pid) if process.poll() is None else []
    if process.poll() is None:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    for pid in tree:
        if alive(pid) and command_line(pid):
            with contextlib.suppress(Unfinished):
                wait_for(lambda: not alive(pid), f"the end of {pid}", 1)
        if alive(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait()


def at_once(number, call):
    """The results of `number` simultaneous calls."""
    barrier = threading.Barrier(number)

    def one(_):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))
