"""The parts of a simulation: programs that share the cores of machines, permits, and the clock.

Time is in seconds. Work in progress on a machine shares its cores evenly; a program does one piece
of work at a time, the others wait in line.
"""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

Then = Callable[[], None]
Step = Callable[[Then], None]
"""Something that takes time: begins when called, and calls what it was given at its end."""


class Clock:
    """The time, and what is to happen later."""

    def __init__(self) -> None:
        self.now = 0.0
        self._later: list[tuple[float, int, Then]] = []
        self._order = count()
        self._stopped = False

    def after(self, seconds: float, then: Then) -> None:
        """Call `then` so many seconds from now."""
        heapq.heappush(self._later, (self.now + seconds, next(self._order), then))

    def delay(self, seconds: float) -> Step:
        """Return the step that only takes time."""
        return lambda then: self.after(seconds, then)

    def run(self, until: float) -> None:
        """Let happen what happens before the moment `until`, or before stop() is called."""
        self._stopped = False
        while self._later and self._later[0][0] < until:
            self.now, _, then = heapq.heappop(self._later)
            then()
            if self._stopped:
                return
        self.now = until

    def stop(self) -> None:
        """End the run."""
        self._stopped = True


class Part:
    """Something with a name, of which `size` may be in use at a time."""

    def __init__(self, name: str, clock: Clock, size: float) -> None:
        self.name = name
        self._clock = clock
        self._size = size
        self._used = 0.0
        self._busy = 0.0
        self._settled = self._since = clock.now

    def use(self, amount: float) -> None:
        """Say how much is in use from now on."""
        self._busy += self._used * (self._clock.now - self._settled)
        self._settled = self._clock.now
        self._used = amount

    def share(self) -> float:
        """Return how much was in use since the beginning or reset(), 0 to 1."""
        self.use(self._used)
        passed = self._clock.now - self._since
        return self._busy / self._size / passed if passed else 0.0

    def reset(self) -> None:
        """Forget what was: a warm-up is over."""
        self.use(self._used)
        self._busy, self._since = 0.0, self._clock.now


@dataclass(slots=True)
class _Work:
    left: float
    then: Then


class Machine(Part):
    """Cores that work in progress shares evenly."""

    def __init__(self, name: str, clock: Clock, cores: float) -> None:
        super().__init__(name, clock, cores)
        self._running: dict[Program, _Work] = {}
        self._speed = 1.0
        self._advanced = 0.0
        self._plans = 0

    def begin(self, program: "Program", work: _Work) -> None:
        """Take up a program's work."""
        self._advance()
        self._running[program] = work
        self._plan()

    def _advance(self) -> None:
        done = (self._clock.now - self._advanced) * self._speed
        self._advanced = self._clock.now
        for work in self._running.values():
            work.left -= done

    def _plan(self) -> None:
        """Have the work end that ends first if nothing else begins; what was planned is void."""
        running = self._running
        self._speed = min(1.0, self._size / max(1, len(running)))
        self.use(self._speed * len(running))
        for program in running:
            program.use(self._speed)
        self._plans += 1
        if running:
            plan, left = self._plans, min(work.left for work in running.values())
            self._clock.after(max(0.0, left) / self._speed, lambda: self._end(plan))

    def _end(self, plan: int) -> None:
        if plan != self._plans:
            return
        self._advance()
        program = min(self._running, key=lambda each: self._running[each].left)
        ended = self._running.pop(program)
        program.use(0)
        if (following := program.following()) is not None:
            self._running[program] = following
        self._plan()
        ended.then()


class Program(Part):
    """Something that computes one thing at a time: a process with one thread, a device."""

    def __init__(self, name: str, clock: Clock, machine: Machine) -> None:
        super().__init__(name, clock, 1)
        self._machine = machine
        self._waiting: deque[_Work] = deque()
        self._idle = True

    def do(self, seconds: float, then: Then) -> None:
        """Work for so many core-seconds, then call `then`."""
        work = _Work(seconds, then)
        if self._idle:
            self._idle = False
            self._machine.begin(self, work)
        else:
            self._waiting.append(work)

    def work(self, seconds: float) -> Step:
        """Return the step that is so many core-seconds of work."""
        return lambda then: self.do(seconds, then)

    def following(self) -> _Work | None:
        """Return what waits and is next, None and be idle if nothing does."""
        self._idle = not self._waiting
        return self._waiting.popleft() if self._waiting else None


class Permits(Part):
    """At most `number` holders at once; one is a lock."""

    def __init__(self, name: str, clock: Clock, number: int) -> None:
        super().__init__(name, clock, number)
        self.free = number
        self._waiting: deque[Then] = deque()

    def take(self, then: Then) -> None:
        """Call `then` when there is a permit for it."""
        if self.free:
            self._free(self.free - 1)
            then()
        else:
            self._waiting.append(then)

    def give(self, then: Then) -> None:
        """Give a permit back, then go on."""
        if self._waiting:
            self._waiting.popleft()()
        else:
            self._free(self.free + 1)
        then()

    def _free(self, number: int) -> None:
        self.free = number
        self.use(self._size - number)
