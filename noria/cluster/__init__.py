"""Sessions on a Ray cluster: players and trainings on whichever machine has room (`executor: ray`).

    the session's process ── Ray ──┬─► a player a CPU: hands, checks           (noria.graphs.afar says how they play)
      (a node of the cluster)      └─► a training, where the GPUs are

The one room that imports Ray, and only Ray Core: nothing of it is loaded before a session asks
for it. What the processes say to each other Ray turns into bytes with cloudpickle, as it does
all that it carries between its own: nothing that came from a model, a file or a user is ever read
that way but as text inside Noria's own classes, and whoever can reach a cluster's ports can run
what he likes on it, with Noria or without.
"""
