"""rtp_relay: prompts, recordings and copies."""
import struct
import time
import wave

from relay_tools import Phone, Relay, talk, wait_for

ULAW_SILENCE = b"\xff" * 160


def pcap_datagrams(path):
    """[(source port, destination port, payload)] of a capture of raw IP."""
    data = path.read_bytes()
    assert struct.unpack_from("<IHH", data) == (0xa1b2c3d4, 2, 4)
    assert struct.unpack_from("<I", data, 20) == (101,)
    found, at = [], 24
    while at + 16 <= len(data):
        size, = struct.unpack_from("<I", data, at + 8)
        if at + 16 + size > len(data):
            break  # it is being written
        packet = data[at + 16:at + 16 + size]
        header = 40 if packet[0] >> 4 == 6 else 20
        found.append((*struct.unpack_from("!HH", packet, header), packet[header + 8:]))
        at += 16 + size
    return found


def call(relay, caller, callee, modifiers="c0"):
    to_callee = relay.offer(caller, modifiers=modifiers)
    return to_callee, relay.answer(callee, modifiers=modifiers)


def test_a_recording_has_what_both_sides_heard(tmp_path):
    with Relay("--recordings", tmp_path) as relay, Phone() as caller, Phone() as callee:
        to_callee, to_caller = call(relay, caller, callee)
        talk(caller, to_caller, callee, to_callee)
        assert relay.tell("R call from to") == "0"
        assert relay.tell("R call from to") == "0"  # it is being recorded
        talk(caller, to_caller, callee, to_callee)
        assert relay.tell("D call from to") == "0"
        path = tmp_path / "call-from-1.pcap"
        wait_for(lambda: len(pcap_datagrams(path)) == 10, "the recording is not complete")
        assert [path] == list(tmp_path.iterdir())
    said = [(source, to, payload[12:]) for source, to, payload in pcap_datagrams(path)]
    assert said[:2] == [(to_callee[1], callee.port, b"a0"), (to_caller[1], caller.port, b"b0")]


def test_a_name_from_a_call_id_stays_in_the_directory(tmp_path):
    with Relay("--recordings", tmp_path) as relay:
        for name in "../../evil", ".hidden", "a/b":
            relay.tell(f"U {name} 127.0.0.1 4000 from")
            assert relay.tell(f"R {name} from") == "0"
            relay.tell(f"D {name} from")
            relay.tell(f"U {name} 127.0.0.1 4000 from")
            assert relay.tell(f"R {name} from") == "0"  # a second file
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "_.._.._evil-from-1-1.pcap", "_.._.._evil-from-1.pcap", "_.hidden-from-1-1.pcap",
        "_.hidden-from-1.pcap", "a_b-from-1-1.pcap", "a_b-from-1.pcap"]


def test_without_a_directory_nothing_is_recorded_or_played():
    with Relay() as relay:
        relay.tell("U call 127.0.0.1 4000 from")
        assert relay.tell("R call from") == "E65"
        assert relay.tell("P call music 0 from") == "E60"


def test_a_copy_goes_to_its_target():
    with Relay() as relay, Phone() as caller, Phone() as callee, Phone() as recorder:
        to_callee, to_caller = call(relay, caller, callee)
        assert relay.tell(f"C call udp:{recorder.host}:{recorder.port} from to") == "0"
        talk(caller, to_caller, callee, to_callee, rounds=2)
        assert [recorder.hear() for _ in range(4)] == [b"a0", b"b0", b"a1", b"b1"]
        for target in "udp:nowhere:4000", "udp:127.0.0.1:0", "file", "udp:":
            assert relay.tell(f"C call {target} from to") == "E65"


def heard_prompt(phone, packets):
    """Payloads; all packets are of one stream, in order."""
    heard = [phone.packet() for _ in range(packets)]
    first, = struct.unpack_from("!H", heard[0], 2)
    assert [struct.unpack_from("!H", packet, 2)[0] for packet in heard] == [
        (first + i) % 65536 for i in range(packets)]
    assert len({packet[8:12] for packet in heard}) == 1
    assert heard[0][1] & 0x80 and not any(packet[1] & 0x80 for packet in heard[1:])
    return [(packet[1] & 0x7f, packet[12:]) for packet in heard]


def test_a_prompt_is_played_to_one_side_as_often_as_asked_for(tmp_path):
    pieces = [bytes([i]) * 160 for i in range(4)]
    (tmp_path / "music.0").write_bytes(b"".join(pieces) + b"\x44" * 7)
    expected = [(0, piece) for piece in [*pieces, b"\x44" * 7 + b"\xff" * 153]]
    with Relay("--prompts", tmp_path) as relay, Phone() as caller, Phone() as callee:
        to_callee, to_caller = call(relay, caller, callee)
        assert relay.tell("P2 call music session from;1 to;1") == "0"
        assert heard_prompt(caller, 10) == expected * 2
        wait_for(lambda: callee.say(to_callee, b"I am back") or caller.is_spoken_to(0.1),
                 "the prompt did not end")
        assert not callee.is_spoken_to()


def test_meanwhile_the_other_side_is_not_heard_and_can_hear(tmp_path):
    (tmp_path / "hold.0").write_bytes(ULAW_SILENCE * 3)
    with Relay("--prompts", tmp_path) as relay, Phone() as caller, Phone() as callee:
        to_callee, to_caller = call(relay, caller, callee)
        talk(caller, to_caller, callee, to_callee)
        assert relay.tell(f"P-1 call {tmp_path}/hold 8,0 from;1 to;1") == "0"
        for _ in range(20):
            callee.say(to_callee, b"nobody hears me")
            assert caller.hear() == ULAW_SILENCE
        caller.say(to_caller, b"I hear music")
        assert callee.hear() == b"I hear music"
        assert relay.tell("S call from;1 to;1") == "0"
        caller.hang_up_on()
        talk(caller, to_caller, callee, to_callee)
        assert relay.tell("P-1 call hold 0 to;1 from;1") == "0"  # deleted while it is played
        assert callee.hear() == ULAW_SILENCE
        assert relay.tell("D call from to") == "0"
        callee.hang_up_on()
        assert not callee.is_spoken_to(0.2)


def test_a_wav_file_is_encoded(tmp_path):
    with wave.open(str(tmp_path / "hello.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(2 * 16000))
    with Relay("--prompts", tmp_path) as relay, Phone() as caller, Phone() as callee:
        call(relay, caller, callee, modifiers="c9,0,8")
        for codecs, kind in ("8", 8), ("session", 9), ("101,0", 0):
            assert relay.tell(f"P call hello {codecs} from;1 to;1") == "0"
            payload_type, payload = heard_prompt(caller, 3)[2]
            assert payload_type == kind and len(payload) == 160
            if kind != 9:
                assert payload == (b"\xff" if kind == 0 else b"\xd5") * 160
            assert relay.tell("S call from;1 to;1") == "0"
            caller.hang_up_on()


def test_prompts_are_looked_for_in_their_directory_only(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside.0"
    inside.mkdir()
    outside.write_bytes(ULAW_SILENCE)
    (inside / "text.wav").write_text("no audio")
    with Relay("--prompts", inside) as relay:
        relay.tell("U call 127.0.0.1 4000 from")
        for name in "../outside", tmp_path / "outside", "/etc/passwd", "text", "none", ".", "..":
            assert relay.tell(f"P call {name} 0 from") == "E60"


def test_prompts_keep_their_pace(tmp_path):
    (tmp_path / "music.0").write_bytes(ULAW_SILENCE * 50)
    with Relay("--prompts", tmp_path) as relay, Phone() as caller:
        relay.offer(caller)
        relay.tell("P call music 0 from")
        caller.packet()
        start = time.monotonic()
        for _ in range(49):
            caller.packet()
        assert time.monotonic() - start > 0.7  # 0.98 s, if not late at first
