"""As much SIP as answering one call takes."""
import re
import socket
import time


class Callee:
    """Answers an INVITE with an SDP of its own, and hangs up."""

    def __init__(self):
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(60)
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def expect(self, method):
        """The next request of that method; others are answered with 200."""
        while True:
            data, self.peer = self.socket.recvfrom(65536)
            request = data.decode()
            if request.startswith(method + " "):
                return request
            if not request.startswith(("SIP/2.0", "ACK", "INVITE")):
                self.respond(request, "200 OK")

    def respond(self, request, status, sdp=""):
        kept = re.findall(r"(?mi)^(?:via|from|call-id|cseq):.*\r\n", request)
        to = re.search(r"(?mi)^to:.*(?=\r\n)", request)[0]
        kind = "Content-Type: application/sdp\r\n" if sdp else ""
        self.socket.sendto(f"SIP/2.0 {status}\r\n{''.join(kept)}{to};tag=callee\r\n"
                           f"Contact: <sip:callee@127.0.0.1:{self.port}>\r\n{kind}"
                           f"Content-Length: {len(sdp)}\r\n\r\n{sdp}".encode(), self.peer)

    def invited(self):
        """Waits for an INVITE. Returns to which port our media are to go."""
        self.invite = self.expect("INVITE")
        return int(re.search(r"(?m)^m=audio (\d+)", self.invite)[1])

    def answer(self, port):
        """Media of PCMU are to go to `port`."""
        self.respond(self.invite, "200 OK",
                     "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                     f"m=audio {port} RTP/AVP 0\r\na=ptime:20\r\n")
        self.expect("ACK")

    def hang_up(self):
        field = {name.lower(): value for name, value in
                 re.findall(r"(?mi)^(from|to|call-id|contact):\s*(.*?)\r\n", self.invite)}
        target = re.search(r"<(.*?)>", field["contact"])[1]
        self.socket.sendto(f"BYE {target} SIP/2.0\r\n"
                           f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{time.time_ns()}\r\n"
                           f"From: {field['to']};tag=callee\r\nTo: {field['from']}\r\n"
                           f"Call-ID: {field['call-id']}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\n"
                           "Content-Length: 0\r\n\r\n".encode(), self.peer)
