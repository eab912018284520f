"""Seeded RTP traffic with every kind of disorder, as steps for a jitter buffer."""


class Traffic:
    """Steps without end: ("in", seq, ts, ssrc, arrival) | ("bad",) | ("expire", now) | ("flush",)."""

    def __init__(self, rng, capacity, max_dropout, max_misorder):
        self.rng, self.capacity = rng, capacity
        self.max_dropout, self.max_misorder = max_dropout, max_misorder
        self.seq = rng.choice([0, 1, 65000, 65535, 65536 - capacity, rng.randrange(65536)])
        self.ts, self.ssrc = rng.getrandbits(32), rng.getrandbits(32)
        self.step = rng.choice([1, 160, 160, 240, 3000])
        self.now = 0
        self.sent = []

    def packet(self, ahead=1, ssrc=None):
        """The packet that goes `ahead` of the one before it."""
        self.seq = (self.seq + ahead) % 65536
        self.ts = (self.ts + ahead * self.step) % 2**32
        self.now += 20_000_000
        if self.rng.random() < 0.02:
            self.now += self.rng.choice([-60, -10, -10, 0, 10, 200, 10**9]) * 10**6
        self.sent.append((self.seq, self.ts, self.ssrc if ssrc is None else ssrc))
        return ("in", *self.sent[-1], self.now)

    def again(self, back):
        return ("in", *self.sent[-1 - back % len(self.sent)], self.now)

    def in_order(self):
        return [self.packet() for _ in range(self.rng.randrange(1, 40))]

    def shuffled(self):
        window = self.rng.choice([2, 3, self.capacity, 2 * self.capacity, self.rng.randrange(2, 60)])
        steps = [self.packet() for _ in range(min(window, 1500))]
        if self.rng.random() < 0.3:
            steps = self.rng.sample(steps, len(steps) - len(steps) // 8)
        self.rng.shuffle(steps)
        return steps

    def swapped(self):
        steps = [self.packet() for _ in range(20)]
        for _ in range(6):
            i = self.rng.randrange(19)
            steps[i:i + 2] = steps[i + 1], steps[i]
        return steps

    def lossy(self):
        few = [1, 2, 3, self.capacity, self.capacity + 1]
        return [self.packet(1 + self.rng.choice(few) * (self.rng.random() < 0.2))
                for _ in range(self.rng.randrange(1, 60))]

    def duplicates(self):
        steps = []
        for _ in range(self.rng.randrange(1, 30)):
            steps.append(self.packet())
            if self.rng.random() < 0.4:
                steps.append(self.again(self.rng.randrange(1 + self.rng.choice([2, self.capacity]))))
        return steps

    def jump(self):
        """To and beyond the bounds of what is a suspect, one packet or the stream for good."""
        edges = [self.max_dropout, 2 * self.capacity, -self.max_misorder, 3000, -3000, 32767, -32768,
                 self.rng.randrange(-32768, 32768), self.rng.randrange(-40, 40)]
        to = self.rng.choice(edges) + self.rng.choice([-1, 0, 0, 1])
        steps = [self.packet(to)]
        if self.rng.random() < 0.5:
            return steps + [self.packet(1 - to)]
        return steps + [self.packet() for _ in range(self.rng.randrange(3))]

    def restart(self):
        if self.rng.random() < 0.5:
            self.ssrc = self.rng.getrandbits(32)
        self.seq, self.ts = self.rng.getrandbits(16), self.rng.getrandbits(32)
        steps = [self.packet() for _ in range(self.rng.randrange(1, 8))]
        if self.rng.random() < 0.4:
            self.rng.shuffle(steps)
        return steps

    def restart_behind(self):
        """A new numbering a little behind the old one, whose timestamps do not go back; or nearly not."""
        steps = [self.packet() for _ in range(self.rng.randrange(4))]
        back = self.rng.choice([0, 1, 2, 3, 50, self.max_misorder, self.rng.randrange(1, 32769)])
        advance = self.rng.choice([self.step, 16 * self.step, 16 * self.step + 1, self.rng.getrandbits(31),
                                   -64 * self.step * back, -64 * self.step * back - 1])
        self.ts += advance + (back - 1) * self.step     # packet() takes that away
        steps.append(self.packet(1 - back))
        steps += [self.packet() for _ in range(self.rng.randrange(1, 8))]
        if self.rng.random() < 0.3:
            self.rng.shuffle(steps)
        return steps

    def outage(self):
        """Numbers and timestamps go on together meanwhile, over more numbers than there are; or nearly so."""
        lost = self.rng.choice([self.max_dropout, 3000, 5000, 32766, 32767, 65534, 65535, 65536, 70000,
                                65536 * self.rng.randrange(1, 9) + self.rng.randrange(-5, 5),
                                65536 * self.rng.randrange(1, 9) + self.max_dropout,
                                (2**31 - 1) // self.step, self.rng.randrange(2**31 // self.step)])
        before = self.seq, self.ts
        steps = [self.packet(lost + self.rng.choice([0, 1, 1, 2])), self.packet()]
        if self.rng.random() < 0.2:
            self.ts += self.rng.choice([1, -1, self.step, 2**31])
        if self.rng.random() < 0.4:     # the old stream goes on
            self.seq, self.ts = before
        return steps + [self.packet(self.rng.choice([1, 1, 1, 1, 2, 3]))
                        for _ in range(self.rng.randrange(2 * min(self.capacity, 60)))]

    def video(self):
        """Several packets a picture, and pictures that are sent after one that they precede."""
        steps = []
        for _ in range(self.rng.randrange(1, 8)):
            for picture in self.rng.choice([[0], [3, -2, -1], [2, -1]]):
                ts = (self.ts + picture * self.step) % 2**32
                for _ in range(self.rng.randrange(1, 4)):
                    s = self.packet(1)
                    steps.append((*s[:2], ts, *s[3:]))
                    self.sent[-1] = steps[-1][1:4]
        if self.rng.random() < 0.5:
            self.rng.shuffle(steps)
        return steps

    def second_source(self):
        steps, other = [], self.rng.getrandbits(32)
        for _ in range(self.rng.randrange(1, 20)):
            p = self.packet()
            q = self.packet(self.rng.choice([0, 1, -1]), ssrc=other)
            steps += self.rng.choice([[p, q], [q, p], [p], [q]])
        return steps

    def backwards(self):
        """Before anything is handed out of a new stream, each packet goes before all the others."""
        self.ssrc = self.rng.getrandbits(32)
        most = min(self.max_misorder, 32768)
        least = 1 if self.rng.random() < 0.5 else max(1, most - 3)
        steps = [self.packet(5), self.packet()]
        if self.rng.random() < 0.3:
            steps.insert(0, ("flush",))
        for _ in range(self.rng.randrange(2 * min(self.capacity, 60) + 2)):
            steps.append(self.packet(-self.rng.randint(least, most) if most else 0))
            if self.rng.random() < 0.1:
                steps.append(self.again(self.rng.randrange(self.capacity + 2)))
        return steps + [self.packet(self.rng.choice([1, 1, 2, 3, 100]))
                        for _ in range(self.rng.randrange(2 * min(self.capacity, 60) + 2))]

    def odd_clock(self):
        """A sender whose timestamps jump, stand still or go backwards."""
        steps = []
        for _ in range(self.rng.randrange(1, 20)):
            ahead = self.rng.choice([1, 1, 1, 2, 3, self.capacity + 1])
            # The last ones are the most that a gap is believed to span, and one more.
            advance = self.rng.choice([0, -self.step, 2**31, 2**31 - 1, 2**32 - 1,
                                       self.rng.getrandbits(32),
                                       64 * self.step * ahead, 64 * self.step * ahead + 1,
                                       65536 * ahead, 65536 * ahead + 1])
            self.ts += advance - ahead * self.step      # packet() adds that
            steps.append(self.packet(ahead))
        return steps

    def odd_arrivals(self):
        steps = self.shuffled()[:50]
        return [(*s[:4], self.rng.choice([s[4], -s[4], 0, -2**62, 2**62])) for s in steps]

    def expire(self):
        ahead = self.rng.choice([-10**9, -1, 0, 1, 20_000_000, 60_000_000, 10**9, 2**61, -2**61])
        return [("expire", self.now + ahead)]

    def of_one_stream(self):
        """One stream, so that a large buffer fills."""
        kinds = [self.in_order, self.shuffled, self.swapped, self.duplicates]
        while True:
            yield from self.rng.choice(kinds)()

    def of_all_kinds(self):
        kinds = [self.in_order, self.shuffled, self.swapped, self.lossy, self.duplicates, self.jump,
                 self.restart, self.second_source, self.backwards, self.odd_clock,
                 self.restart_behind, self.outage, self.video, self.odd_arrivals, self.expire, self.expire, self.expire]
        while True:
            yield from self.rng.choice(kinds)()
            if self.rng.random() < 0.03:
                yield ("flush",)
            if self.rng.random() < 0.03:
                yield ("bad",)


def batched(steps, rng, most):
    """Several packets at a time, all with the arrival of the first of them."""
    batch, limit = [], 1
    for s in steps:
        if s[0] in ("in", "bad") and len(batch) < limit:
            if not batch:
                arrival = s[4] if s[0] == "in" else 0
            batch.append(s[1:4] if s[0] == "in" else None)
            continue
        if batch:
            yield ("many", batch, arrival)
            batch, limit = [], rng.choice([1, 2, 5, 20, most])
        yield s
