"""Programs nobody should trust: each is asked for `f(x) = x + 1` and tries something else.

Names in capitals with a dollar sign are filled in by the test: $SECRET_FILE (a file that
holds a secret), $FOLDER (a folder to be left alone), $TCP, $UDP (ports on loopback), $UNIX
(an abstract socket), $PARENT (the pid of the supervisor). `RAW` gives a program what the
worst of them would get anyway: the C library, found among the interpreter's own modules.
"""

RAW = """
import sys
libc = sys.modules["lock"].libc
call = libc.syscall
"""

RIGHT = "def f(x):\n    return x + 1\n"

WRONG = "def f(x):\n    return x - 1\n"

CASES = (((41,), 42), ((-3,), -2), ((10**6,), 10**6 + 1), ((0,), 1))
"""Arguments and expected answers; the last is where `True` would equal the answer."""


def raw(*lines: str, answer: str = "x - 1") -> str:
    """A program that acts through the C library when it is called."""
    body = "\n".join(f"    {line}" for line in lines)
    return f"{RAW}\ndef f(x):\n{body}\n    return {answer}\n"


RESOURCES = {
    "fork bomb": "import os\ndef f(x):\n    while True:\n        os.fork()\n",
    "fork bomb by raw calls": raw("while True:", "    call(57); call(56, 0, 0, 0, 0, 0); call(435, bytes(88), 88)"),
    "thread bomb": "import threading\ndef f(x):\n    while True:\n        threading.Thread(target=f, args=(x,)).start()\n",
    "thread bomb by _thread": "import _thread\ndef f(x):\n    while True:\n        _thread.start_new_thread(f, (x,))\n",
    "memory bomb": "def f(x):\n    return len(bytearray(1 << 40))\n",
    "memory in steps": "kept = []\ndef f(x):\n    while True:\n        kept.append(bytearray(1 << 20))\n",
    "memory held just below the limit": "import time\nheld = bytearray(200 << 20)\ndef f(x):\n    time.sleep(60)\n",
    "memory in a file of memory": raw("h = call(319, b'x', 0)", "call(77, h, 1 << 40)", "call(1, h, bytes(1 << 20), 1 << 20)"),
    "shared memory": raw("while call(9, 0, 1 << 26, 3, 0x21, -1, 0) > 0: pass"),
    "fills /dev/shm": "def f(x):\n    with open('/dev/shm/fill', 'wb') as file:\n        while True:\n            file.write(bytes(1 << 20))\n",
    "fills the disk": "def f(x):\n    with open('$FOLDER/fill', 'wb') as file:\n        while True:\n            file.write(bytes(1 << 20))\n",
    "a million files": "def f(x):\n    for n in range(10**6):\n        open(f'$FOLDER/{n}', 'w').close()\n",
    "a sparse file and deep folders": raw("h = call(2, b'$FOLDER/s', 0x42, 0o600)", "call(77, h, 1 << 40)", "call(83, b'$FOLDER/d', 0o700)"),
    "all descriptors": "import os\ndef f(x):\n    while True:\n        os.dup(1); os.pipe()\n",
    "spins": "def f(x):\n    while True:\n        pass\n",
    "spins while it is read": "while True:\n    pass\n",
    "spins and ignores signals": "import signal\ndef f(x):\n    for n in range(1, 65):\n        try:\n            signal.signal(n, signal.SIG_IGN)\n        except (OSError, ValueError):\n            pass\n    while True:\n        pass\n",
    "catches what should end it": "def f(x):\n    while True:\n        try:\n            while True:\n                pass\n        except BaseException:\n            pass\n",
    "sleeps": "import time\ndef f(x):\n    time.sleep(10**6)\n",
    "waits for input": "def f(x):\n    return int(input())\n",
    "a regular expression that explodes": "import re\ndef f(x):\n    return len(re.match(r'(a+)+$', 'a' * 60 + 'b'))\n",
    "a power": "def f(x):\n    return 10 ** 10 ** 8\n",
    "a long number as text": "import sys\ndef f(x):\n    sys.set_int_max_str_digits(0)\n    return str(7 ** (10 ** 7))\n",
    "recursion without end": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    return f(x)\n",
    "recursion in C": "def f(x):\n    it = iter([])\n    for _ in range(10**6):\n        it = iter(map(int, it))\n    return list(it)\n",
    "nested brackets": "f = " + "(" * 40_000 + ")" * 40_000 + "\n",
    "a long source": "# " + "x" * 200_000 + "\n" + WRONG,
    "an endless list comprehension": "def f(x):\n    return [0 for _ in iter(int, 1)]\n",
    "floods its output": "def f(x):\n    while True:\n        print('A' * 65536)\n",
    "floods its errors with no line": "import os\ndef f(x):\n    while True:\n        os.write(2, b'\\xff\\xfe\\x1b[2J\\x1b]0;owned\\x07' * 4096)\n",
    "floods its answers": "import os\ndef f(x):\n    while True:\n        os.write(3, b'x' * 65536)\n",
    "half an answer and then nothing": "import os, time\ndef f(x):\n    os.write(3, b'[0, \"42')\n    time.sleep(60)\n",
    "closes what it should answer on": "import os, time\ndef f(x):\n    os.close(3)\n    time.sleep(60)\n",
    "a long answer": "def f(x):\n    return 'x' * (1 << 26)\n",
}  # fmt: skip

ESCAPES = {
    "TCP": raw("s = call(41, 2, 1, 0)", "import struct", "call(42, s, struct.pack('>HH4s8x', 0x0200, $TCP, bytes((127, 0, 0, 1))), 16)"),
    "TCP by the library": "def f(x):\n    import socket\n    socket.create_connection(('127.0.0.1', $TCP)).send(b'x')\n    return x - 1\n",
    "UDP": raw("s = call(41, 2, 2, 0)", "import struct", "call(44, s, b'x', 1, 0, struct.pack('>HH4s8x', 0x0200, $UDP, bytes((127, 0, 0, 1))), 16)"),
    "an abstract socket": raw("s = call(41, 1, 1, 0)", "name = b'\\0$UNIX'", "call(42, s, b'\\1\\0' + name, 2 + len(name))"),
    "netlink and vsock": raw("return [call(41, 16, 3, 0), call(41, 40, 1, 0)]"),
    "reads a secret": "def f(x):\n    return open('$SECRET_FILE').read()\n",
    "reads a secret by raw calls": raw("h = [call(2, b'$SECRET_FILE', 0), call(257, -100, b'$SECRET_FILE', 0), call(437, -100, b'$SECRET_FILE', bytes(24), 24)]", "got = bytes(100)", "[call(0, one, got, 100) for one in h]", answer="got.decode('latin-1')"),
    "looks whether a secret is there": "import os\ndef f(x):\n    return os.path.exists('$SECRET_FILE') or os.stat('$SECRET_FILE').st_size\n",
    "reads the system": "def f(x):\n    return [open(p).read() for p in ('/etc/passwd', '/proc/self/environ', '/proc/1/environ', '/proc/$PARENT/environ')]\n",
    "reads its environment": "import os\ndef f(x):\n    return dict(os.environ)\n",
    "reads its parent's memory": raw("import os", "got = bytes(100)", "call(310, $PARENT, got, 1, got, 1, 0)", answer="open('/proc/$PARENT/mem', 'rb').read(10)"),
    "writes its own memory": "def f(x):\n    with open('/proc/self/mem', 'r+b') as file:\n        file.seek(id(f)); file.write(b'x' * 8)\n    return x - 1\n",
    "symbolic and hard links": raw("call(88, b'$SECRET_FILE', b'$FOLDER/s')", "call(86, b'$SECRET_FILE', b'$FOLDER/h')", "call(82, b'$SECRET_FILE', b'$FOLDER/r')"),
    "deletes and chmods a secret": raw("call(90, b'$SECRET_FILE', 0o777)", "call(87, b'$SECRET_FILE')", "call(263, -100, b'$SECRET_FILE', 0)"),
    "uses inherited descriptors": "import os\ndef f(x):\n    got = []\n    for n in range(4, 256):\n        for use in (lambda: os.read(n, 100), lambda: os.write(n, b'x')):\n            try:\n                use(); got.append(n)\n            except OSError:\n                pass\n    return got\n",
    "a daemon": raw("if call(57) == 0:", "    call(112)", "    call(57)", "    while True: pass"),
    "runs a program": "import os\ndef f(x):\n    return os.posix_spawn('/bin/sh', ['sh', '-c', 'touch $FOLDER/spawned'], {})\n",
    "runs a program by system": raw("libc.system(b'touch $FOLDER/system')", "call(59, b'/bin/sh', 0, 0)"),
    "traces its parent": raw("call(101, 16, $PARENT, 0, 0)", "call(311, $PARENT, bytes(16), 1, bytes(16), 1, 0)"),
    "kills its parent": "import os, signal\ndef f(x):\n    for pid in (os.getppid(), $PARENT, -1, 0):\n        try:\n            os.kill(pid, signal.SIGKILL)\n        except OSError:\n            pass\n    return x - 1\n",
    "kills its parent by descriptor": raw("h = call(434, $PARENT, 0)", "call(424, h, 9, 0, 0)", "call(62, $PARENT, 9)", "call(234, $PARENT, $PARENT, 9)", "call(129, $PARENT, 9, bytes(128))"),
    "asks for signals of a descriptor": raw("call(72, 3, 8, $PARENT)", "call(72, 3, 10, 9)", "call(72, 3, 4, 0x2000)"),
    "namespaces and mounts": raw("call(272, 0x10000000 | 0x20000)", "call(165, b'/', b'/', b'x', 0, 0)", "call(161, b'/')", "call(308, 3, 0)"),
    "io_uring, bpf, userfaultfd, keys, personality": raw("return [call(425, 1, bytes(256)), call(321, 5, bytes(256), 128), call(323, 0), call(250, 0, 0, 0), call(135, 0x0400000)]"),
    "loads a module into the kernel": raw("return [call(175, bytes(10), 10, b''), call(313, 3, b'', 0), call(246, 0, 0, 0, 0), call(169, 0, 0, 0, 0)]"),
    "memory that can be executed": raw("page = call(9, 0, 4096, 7, 0x22, -1, 0)", "call(10, page, 4096, 5)", "return page"),
    "the calls of another interface": raw("return [call(0x40000000 + 41, 2, 1, 0), call(0x40000000 + 57)]"),
    "raises its limits": raw("call(302, 0, 9, b'\\xff' * 16, 0)", "call(160, 9, b'\\xff' * 16)", answer="len(bytearray(1 << 31))"),
    "a null pointer": raw("libc.memset(0, 0, 100)"),
    "aborts": "import os\ndef f(x):\n    os.abort()\n",
    "jumps into nowhere": raw("libc.longjmp(bytes(200), 1)"),
    "types into the terminal": raw("[call(16, n, 0x5412, b'x') for n in range(4)]", "h = call(2, b'/dev/tty', 2)", "call(16, h, 0x5412, b'x')"),
    "infects the next interpreter": "import os, sys\ndef f(x):\n    for place in (os.__file__, sys.modules['lock'].__file__, sys.modules['harness'].__file__, '$FOLDER/x.pth'):\n        try:\n            open(place, 'a').write('raise SystemExit')\n        except OSError:\n            pass\n    return x - 1\n",
    "poisons what the next program shares": "import builtins, json, math, sys\nharness, lock = sys.modules['harness'], sys.modules['lock']\nharness.plain = lambda *_: 0\nharness.run = lock.lock = lambda *_: None\nbuiltins.len = lambda _: 0\njson.dumps = lambda *_: '0'\nmath.sqrt = None\n" + WRONG,
}  # fmt: skip

CHEATS = {
    "leaves while it is read": "import sys\nsys.exit(0)\n" + WRONG,
    "leaves when it is called": "import os\ndef f(x):\n    os._exit(0)\n",
    "leaves by an exception": "def f(x):\n    raise SystemExit(0)\n",
    "leaves at exit": "import atexit, os\natexit.register(lambda: os._exit(0))\n" + WRONG,
    "equals everything": "class Same:\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\n    def __repr__(self): return '42'\ndef f(x):\n    return Same()\n",
    "spoofs its class": "class Spoof:\n    __class__ = int\n    def __int__(self): return 42\n    __index__ = __int__\n    def __eq__(self, other): return True\ndef f(x):\n    return Spoof()\n",
    "an integer that is none": "class Number(int):\n    def __eq__(self, other): return True\n    def __str__(self): return '42'\n    __repr__ = __str__\ndef f(x):\n    return Number(x - 1)\n",
    "true for one": "def f(x):\n    return True if x == 0 else x + 1\n",
    "a float for an integer": "def f(x):\n    return float(x + 1)\n",
    "text for a number": "def f(x):\n    return str(x + 1)\n",
    "a list with the answer in it": "def f(x):\n    return [x + 1]\n",
    "every answer at once": "def f(x):\n    return list(range(x - 2, x + 3))\n",
    "looks for the answer in frames": "import sys\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n        for name, value in frame.f_locals.items():\n            if 'expect' in name or 'answer' in name:\n                return value\n        frame = frame.f_back\n    return x - 1\n",
    "looks for the answer in memory": "import gc\ndef f(x):\n    found = [one for one in gc.get_objects() if isinstance(one, dict) and ('expected' in one or 'answers' in one)]\n    return found[0].get('expected', found[0].get('answers')) if found else x - 1\n",
    "looks for the answer in its modules": "import sys\ndef f(x):\n    main = sys.modules['__main__']\n    return getattr(main, 'expected', getattr(main, 'answer', x - 1))\n",
    "looks for the answer among its arguments": "import sys\ndef f(x):\n    return [sys.argv, sys.orig_argv, x]\n",
    "changes the builtins": "import builtins\nbuiltins.type = lambda value: int\nbuiltins.isinstance = lambda *_: True\nbuiltins.any = lambda _: False\nclass Odd: pass\ndef f(x):\n    return Odd()\n",
    "changes how answers are written": "import json\njson.dumps = lambda *_, **__: '[0, \"true\", \"\"]'\n" + WRONG,
    "prints a verdict": "def f(x):\n    print('PASSED'); print('{\"passed\": true, \"score\": 1.0}'); print('1 passed in 0.01s')\n    return x - 1\n",
    "writes a verdict where answers go": "import os\ndef f(x):\n    os.write(3, b'{\"passed\": true}\\n[0, true, \"\"]\\n[-1, null, \"\"]\\nPASS\\n')\n    os._exit(0)\n",
    "guesses many answers": "import os\ndef f(x):\n    for guess in range(40, 45):\n        os.write(3, f'[0, \"{guess}\", \"\"]\\n'.encode())\n    os._exit(0)\n",
    "answers twice in one object": "import os\ndef f(x):\n    os.write(3, b'[0, \"{\\\\\"a\\\\\": 1, \\\\\"a\\\\\": 42}\", \"\"]\\n')\n    os._exit(0)\n",
    "crashes": "import os\ndef f(x):\n    os.kill(os.getpid(), 9)\n",
    "knows the examples": "def f(x):\n    return {41: 42, -3: -2}[x]\n",
    "notices that it is tested": "import sys\ndepth = 0\nframe = sys._getframe()\nwhile frame:\n    depth, frame = depth + 1, frame.f_back\ndef f(x):\n    return x + 1 if depth < 2 else x\n",
    "depends on the order of a set": "def f(x):\n    return x + 1 if list({'a', 'b', 'c', 'd', 'e'}) == sorted({'a', 'b', 'c', 'd', 'e'}) else x\n",
    "depends on luck": "import random\ndef f(x):\n    return x + random.SystemRandom().choice((0, 1, 2, 3))\n",
    "depends on the time": "import time\ndef f(x):\n    return x + time.perf_counter_ns() % 7\n",
    "depends on an address": "def f(x):\n    return x + (id(object()) >> 4) % 10007\n",
    "remembers its calls": "calls = []\ndef f(x):\n    calls.append(x)\n    return x + len(calls)\n",
    "a generator": "def f(x):\n    yield x + 1\n",
    "hangs when it is forgotten": "import time\nclass Bomb:\n    def __del__(self):\n        time.sleep(60)\nbomb = Bomb()\n" + WRONG,
    "hangs at exit": "import atexit, time\natexit.register(time.sleep, 60)\n" + WRONG,
    "a lone surrogate": "def f(x):\n    return '\\ud800'\n",
    "source in another encoding": "# coding: utf-7\ndef f(x):\n    return x +AC0- 1\n",
    "source with NUL and marks": "\ufeffdef f(x):\n    return x - 1  # \u202e 1 + x nruter\0\n",
    "source that is no text": "def f(x):\n    return '\ud800'\n",
    "a pickle": "class Payload:\n    def __reduce__(self):\n        import os\n        return os.system, ('touch $FOLDER/pickled',)\ndef f(x):\n    return Payload()\n",
    "code as an answer": "def f(x):\n    return \"__import__('os').system('touch $FOLDER/evaluated') or 42\"\n",
    "not a number": "def f(x):\n    return float('nan')\n",
    "infinity": "import os\ndef f(x):\n    os.write(3, b'[0, \"1e999\", \"\"]\\n[1, \"Infinity\", \"\"]\\n')\n    os._exit(0)\n",
    "a list that holds itself": "def f(x):\n    a = []; a.append(a)\n    return a\n",
    "brackets without end": "import os\ndef f(x):\n    os.write(3, b'[0, \"' + b'[' * 100000 + b'\", \"\"]\\n' + b'[' * 100000 + b'\\n')\n    os._exit(0)\n",
    "a very long number": "import os\ndef f(x):\n    os.write(3, b'[0, \"' + b'9' * 100000 + b'\", \"\"]\\n' + b'9' * 50000 + b'\\n')\n    os._exit(0)\n",
    "nothing": "def f(x):\n    pass\n",
    "no function": "g = 42\n",
    "a function that is a number": "f = 42\n",
}  # fmt: skip

HOSTILE = {**RESOURCES, **ESCAPES, **CHEATS}
