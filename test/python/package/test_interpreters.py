"""Imports: by other interpreters, which get an ImportError, and again by the main one."""

import subprocess
import sys
import textwrap

import pytest
from server_tools import forks_beside_threads

MODULES = ("RtpJBuf", "RtpProc", "RtpServer", "RtpSynth", "RtpUtils", "_rtpsynth", "aio", "voice")

COMMON = f"""
import importlib, importlib.util, os, pickle, sys, textwrap, threading

MODULES = {MODULES}
MAIN_ONLY = "ImportError: rtpsynth runs in the main interpreter only"

try:
    import _interpreters as interpreters  # CPython 3.13
    create = lambda: interpreters.create("legacy")
except ImportError:
    import _xxsubinterpreters as interpreters
    create = lambda: interpreters.create(isolated=False)  # CPython refuses for the others

def elsewhere(code):
    '''What it prints, or the error that it ends in, run in an interpreter of its own.'''
    code = textwrap.dedent(code)
    read, write = os.pipe()
    interpreter = create()
    try:
        interpreters.run_string(interpreter, f'''
import os, sys
sys.path[:] = {{sys.path!r}}
said = []
try:
    exec({{code!r}}, {{{{"print": said.append}}}})
except BaseException as e:
    said.append(type(e).__name__ + ": " + str(e))
os.write({{write}}, " ".join(map(str, said)).encode())
''')
    finally:
        interpreters.destroy(interpreter)
        os.close(write)
    with os.fdopen(read) as said:
        return said.read()

def import_all():
    for name in MODULES:
        importlib.import_module("rtpsynth." + name)

def drop_all():
    for name in [name for name in sys.modules if name.split(".")[0] == "rtpsynth"]:
        del sys.modules[name]

def at_work():
    '''Everything that has threads or keeps objects, in use.'''
    from rtpsynth.RtpJBuf import RtpJBuf
    from rtpsynth.RtpProc import RtpProc
    from rtpsynth.RtpServer import RtpServer
    from rtpsynth.RtpSynth import RtpSynth

    packets = RtpSynth(8000, 20).next_pkts(8, 160, 0)
    jbuf = RtpJBuf(4)
    frames = [(f, str(f), f.content.type) for packet in packets for f in jbuf.udp_in(packet)]
    assert len(frames) > 3
    came = threading.Event()
    server = RtpServer(tick_hz=None)
    channel = server.create_channel(lambda *a: came.set(), bind_host="127.0.0.1")
    channel.set_target(*channel.local_addr)
    channel.send_pkt(packets[0])
    ticked = threading.Event()
    timer = RtpProc().create_channel(lambda now, d: (d and ticked.set()) or now + 1000000)
    assert came.wait(30) and ticked.wait(30)
    return jbuf, frames, server, channel, timer
"""

# Each ends by itself with all it asserts true.
PROGRAMS = {
    "before_the_main_interpreter": """
        for name in MODULES:
            assert elsewhere("import rtpsynth." + name) == MAIN_ONLY
        import_all()
        at_work()
    """,
    "after_the_main_interpreter": """
        import_all()
        for name in MODULES:
            for _ in range(3):
                assert elsewhere("import rtpsynth." + name) == MAIN_ONLY
        at_work()
    """,
    "while_it_works": """
        kept = at_work()
        for _ in range(5):
            assert elsewhere("from rtpsynth.RtpServer import RtpServer; RtpServer()") == MAIN_ONLY
        kept[3].send_pkt(b"x")
        at_work()
    """,
    "tried_again_in_the_same_interpreter": """
        at_work()
        again = '''
            for _ in range(3):
                try:
                    import rtpsynth._rtpsynth
                except ImportError as e:
                    print(e)
            print([name for name in __import__("sys").modules if "rtpsynth" in name])
        '''
        assert elsewhere(again) == " ".join([MAIN_ONLY[13:]] * 3 + ["[]"])
    """,
    "by_its_file": """
        import rtpsynth._rtpsynth
        path = rtpsynth._rtpsynth.__file__
        by_file = f'''
            import importlib.util
            spec = importlib.util.spec_from_file_location("_rtpsynth", {path!r})
            module = importlib.util.module_from_spec(spec)
            print([name for name in vars(module) if not name.startswith("__")])
            spec.loader.exec_module(module)
        '''
        assert elsewhere(by_file) == "[] " + MAIN_ONLY
    """,
    "pickles": """
        from rtpsynth.RtpServer import RtpQueueFullError
        from rtpsynth.RtpSynth import RtpSynth, set_randfunc
        for thing in RtpQueueFullError("full"), RtpSynth, set_randfunc:
            code = f"import pickle; pickle.loads({pickle.dumps(thing)!r})"
            assert elsewhere(code) == MAIN_ONLY
    """,
    "from_threads": """
        said = []
        def many():
            for _ in range(5):
                said.append(elsewhere("import rtpsynth.RtpServer"))
        threads = [threading.Thread(target=many) for _ in range(4)]
        for t in threads:
            t.start()
        kept = at_work()
        for t in threads:
            t.join()
        assert said == [MAIN_ONLY] * 20
    """,
    "in_a_child": """
        kept = at_work()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                assert elsewhere("import rtpsynth.RtpServer") == MAIN_ONLY
                drop_all()
                at_work()
                assert elsewhere("import rtpsynth.RtpServer") == MAIN_ONLY
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
    """,
    "again_after_it_was_dropped": """
        from rtpsynth.RtpProc import RtpProc
        from rtpsynth.RtpServer import RtpServer
        kept, proc = at_work(), RtpProc()
        for _ in range(3):
            before = sys.modules["rtpsynth._rtpsynth"]
            drop_all()
            import_all()
            again = sys.modules["rtpsynth._rtpsynth"]
            names = set(vars(before))
            assert again is not before and set(vars(again)) == names
            for name in names - {n for n in names if n.startswith("__")}:
                assert getattr(again, name) is getattr(before, name), name
            assert isinstance(kept[2], sys.modules["rtpsynth.RtpServer"].RtpServer)
            assert sys.modules["rtpsynth.RtpProc"].RtpProc() is proc
            at_work()
            assert elsewhere("import rtpsynth.RtpServer") == MAIN_ONLY
    """,
    "reloaded": """
        kept = at_work()
        import rtpsynth._rtpsynth
        before = dict(vars(rtpsynth._rtpsynth))
        for name in MODULES:
            importlib.reload(importlib.import_module("rtpsynth." + name))
        assert {**before, **vars(rtpsynth._rtpsynth)} == before
        at_work()
        assert elsewhere("import rtpsynth.RtpServer") == MAIN_ONLY
    """,
    "at_exit": """
        import atexit
        def import_again():
            drop_all()
            try:
                import rtpsynth.RtpServer
            except ImportError:
                print("refused")
        atexit.register(import_again)
        kept = at_work()
    """,
}


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=forks_beside_threads) if name == "in_a_child" else name
    for name in PROGRAMS])
def test_imports(name):
    program = COMMON + textwrap.dedent(PROGRAMS[name])
    ended = subprocess.run(
        # Since 3.12 Python warns of any fork() beside threads.
        [sys.executable, "-X", "faulthandler", "-W", "ignore:This process:DeprecationWarning",
         "-c", program],
        capture_output=True, text=True, timeout=120, check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == ("refused\n" if name == "at_exit" else "")
