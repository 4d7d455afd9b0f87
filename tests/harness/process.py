"""Start, wait for and end processes; never by name, always by the pid that was started."""
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
    """Call condition until it is true; its result. An exception of the kind OSError counts as false."""
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
    """One below those that the kernel gives to clients, which could take it before it is listened on."""
    while True:
        port = random.SystemRandom().randrange(10000, 32768)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def accepts(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def children(pid):
    """The pids below a process, the process itself first."""
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
    """The seconds that a process has computed, whatever else the machine does meanwhile."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9


def descriptors(pid):
    """What each open one is: {number: "socket:[123]"}."""
    found = {}
    for name in _listing(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def at_rest(pid):
    """Whether it waits for whatever comes."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def memory(pid, kind="Pss_Anon"):
    """KiB that are not of a file: of those it has a larger share whenever another process ends. Pss: of all."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return int(file.read().partition(f"\n{kind}:")[2].split()[0])


def _default_signals():
    """A shell lets what it starts in the background ignore SIGINT, nohup lets it ignore SIGHUP."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(arguments, log, **more):
    """A process with a session of its own whose output goes to the file log."""
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
    """SIGTERM, then SIGKILL for whatever of its tree is left after a while."""
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
    """Calls it so many times at the same moment; the results."""
    barrier = threading.Barrier(number)

    def one(_):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))
