#!/usr/bin/env bash
# Plays a session on a Ray cluster that is up: the ordinary CLI, as a job on the cluster's head.
#
#     deploy/ray-job.sh CONFIG [SESSION]
#
# The config is sent along; what it names by a relative path has to lie beside it. With SESSION, a path as the machines of
# the cluster see it, the job goes on with that session. RAY_ADDRESS is where jobs are taken (http://127.0.0.1:8265, the
# tunnel of `ray dashboard`). Secrets are not sent: a job's environment can be read by whoever may list jobs.
set -euo pipefail

config=${1:?usage: ray-job.sh CONFIG [SESSION]}
session=${2:-}
address=${RAY_ADDRESS:-http://127.0.0.1:8265}

if [[ ! -f $config ]]; then
  echo "ray-job.sh: there is no config '$config'" >&2
  exit 2
fi
if [[ -n $session ]]; then
  words=(noria resume "$session")
else
  words=(noria run --config "$(basename "$config")")
fi

exec ray job submit --address "$address" --working-dir "$(dirname "$config")" -- "${words[@]}"
