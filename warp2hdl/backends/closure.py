"""Maximum-weight closures, by a minimum cut (Picard, Management Science 22, 1976) with Dinic's maximum flow."""

from __future__ import annotations

from collections.abc import Sequence

_NO_LIMIT = 1 << 60


class _Flow:
    """A directed graph with capacities; arc `a` and its reverse `a ^ 1` are neighbours."""

    def __init__(self, size: int) -> None:
        self.arcs: list[list[int]] = [[] for _ in range(size)]
        self.head: list[int] = []
        self.room: list[int] = []

    def join(self, start: int, end: int, capacity: int) -> None:
        self.arcs[start].append(len(self.head))
        self.arcs[end].append(len(self.head) + 1)
        self.head += [end, start]
        self.room += [capacity, 0]

    def distances(self, source: int, sink: int) -> list[int]:
        """Arcs with room from `source` to each vertex; -1 for what is out of reach or no nearer than `sink`."""
        distance = [-1] * len(self.arcs)
        distance[source] = 0
        front = [source]
        while front and distance[sink] < 0:
            following = []
            for v in front:
                for a in self.arcs[v]:
                    w = self.head[a]
                    if self.room[a] and distance[w] < 0:
                        distance[w] = distance[v] + 1
                        following.append(w)
            front = following
        return distance

    def augment(self, source: int, sink: int, distance: list[int]) -> None:
        """A blocking flow along shortest paths."""
        position = [0] * len(self.arcs)
        path: list[int] = []
        v = source
        while True:
            if v == sink:
                pushed = min(self.room[a] for a in path)
                for a in path:
                    self.room[a] -= pushed
                    self.room[a ^ 1] += pushed
                first = next(i for i, a in enumerate(path) if not self.room[a])
                v = self.head[path[first] ^ 1]
                del path[first:]
                continue
            while position[v] < len(self.arcs[v]):
                a = self.arcs[v][position[v]]
                if self.room[a] and distance[self.head[a]] == distance[v] + 1:
                    path.append(a)
                    v = self.head[a]
                    break
                position[v] += 1
            else:
                if v == source:
                    return
                v = self.head[path.pop() ^ 1]
                position[v] += 1


def best_closure(weights: Sequence[int], needs: Sequence[Sequence[int]]) -> list[int]:
    """The smallest of the sets of highest total weight among those that hold all that their members need.

    Args:
        weights: per item, what it is worth.
        needs: per item, the items that must be there if it is.

    Returns:
        The members, ascending; none if no set is worth more than 0.
    """
    source, sink = len(weights), len(weights) + 1
    flow = _Flow(len(weights) + 2)
    for item, weight in enumerate(weights):
        if weight > 0:
            flow.join(source, item, weight)
        elif weight < 0:
            flow.join(item, sink, -weight)
        for needed in needs[item]:
            flow.join(item, needed, _NO_LIMIT)
    while (distance := flow.distances(source, sink))[sink] >= 0:
        flow.augment(source, sink, distance)
    return [item for item in range(len(weights)) if distance[item] >= 0]
