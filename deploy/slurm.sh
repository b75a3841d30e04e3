#!/usr/bin/env bash
#SBATCH --job-name=noria
#SBATCH --nodes=3
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=64
#SBATCH --time=24:00:00
#SBATCH --signal=B:INT@600
#SBATCH --requeue
#SBATCH --output=noria-%j.log
#
# A session on a cluster under Slurm: on every node but the first vLLM serves the model that proposes, reviews and judges;
# on the first Noria plays, serves the student and trains it, on that node's GPUs.
#
#     sbatch --export=ALL,NORIA_SESSIONS=/scratch/$USER/noria,NORIA_MODEL=/models/qwen3-32b deploy/slurm.sh
#     sbatch --array=1-3 …           # three sessions, each with its own random streams
#
# Ten minutes before its time is up the session is told to save; requeued, or sent again with the same NORIA_NAME, it goes
# on where it was. The servers' key is made for this job and stands in no file. NORIA_SESSIONS is seen by all nodes.
#
#     NORIA_SESSIONS   where sessions are kept                       needed
#     NORIA_MODEL      the model served, a folder or a hub's id      needed
#     NORIA_CONFIG     the session's config                          noria-slurm.yaml, where the job was sent from
#     NORIA_NAME       the session's name                            slurm, and the number of an array's task
#     NORIA_VLLM       further words for `vllm serve`                --tensor-parallel-size 8
#     NORIA_PORT       the servers' port                             8000
#     NORIA_PATIENCE   seconds until the servers must answer         1800
set -euo pipefail
set -m   # a process in the background of a script hears no SIGINT otherwise, and a session saves by it

say() { echo "slurm.sh: $*" >&2; }

: "${NORIA_SESSIONS:?slurm.sh: set NORIA_SESSIONS, a folder that all nodes see}"
: "${NORIA_MODEL:?slurm.sh: set NORIA_MODEL, the model to be served}"
config=${NORIA_CONFIG:-${SLURM_SUBMIT_DIR:-.}/deploy/noria-slurm.yaml}
session=$NORIA_SESSIONS/${NORIA_NAME:-slurm${SLURM_ARRAY_TASK_ID:+-$SLURM_ARRAY_TASK_ID}}
port=${NORIA_PORT:-8000}
patience=${NORIA_PATIENCE:-1800}
read -ra words <<< "${NORIA_VLLM:---tensor-parallel-size 8}"

[[ -f $config ]] || { say "there is no config '$config'"; exit 2; }
mapfile -t nodes < <(scontrol show hostnames "${SLURM_JOB_NODELIST:?slurm.sh: not in a Slurm job}")
(( ${#nodes[@]} > 1 )) || { say "two nodes are needed: one plays, the others serve"; exit 2; }
servers=("${nodes[@]:1}")

# Both sides find it in their environment: vLLM asks for it, Noria sends it.
VLLM_API_KEY=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
export VLLM_API_KEY OPENAI_API_KEY=$VLLM_API_KEY
export DO_NOT_TRACK=1 VLLM_NO_USAGE_STATS=1

steps=()
for node in "${servers[@]}"; do
  srun --nodes=1 --ntasks=1 --exact --nodelist="$node" --kill-on-bad-exit=1 \
    vllm serve "$NORIA_MODEL" --served-model-name big --host 0.0.0.0 --port "$port" --generation-config vllm \
    "${words[@]}" &
  steps+=($!)
done

playing='' early=''
trap 'kill "${steps[@]}" 2> /dev/null || true' EXIT
# shellcheck disable=SC2329  # the trap calls it
told() {
  say "told to stop: the session saves"
  if [[ -n $playing ]]; then kill -INT "$playing" 2> /dev/null || true; else early=yes; fi
}
trap told INT TERM

urls=()
for node in "${servers[@]}"; do
  until curl --fail --silent --max-time 5 "http://$node:$port/health" > /dev/null; do
    for step in "${steps[@]}"; do
      kill -0 "$step" 2> /dev/null || { say "a server ended before it answered"; exit 1; }
    done
    (( SECONDS < patience )) || { say "the server on $node did not answer within $patience s"; exit 1; }
    sleep 2
  done
  urls+=("http://$node:$port/v1")
done

# Where the servers are is said by the environment and not by the config: a session that goes on meets others.
OPENAI_BASE_URL=$(IFS=,; echo "${urls[*]}")
export OPENAI_BASE_URL

if [[ -e $session/ledger.db || -e $session/ledger.json ]]; then
  noria resume "$session" &
else
  mkdir -p "$NORIA_SESSIONS"
  { grep -Ev '^(session|random):' "$config"; echo "session: $session"; echo "random: ${SLURM_ARRAY_TASK_ID:-0}"; } \
    > "$session.yaml"
  noria run --config "$session.yaml" &
fi
playing=$!
# Who was told to stop before there was somebody to tell says it now.
[[ -z $early ]] || kill -INT "$playing" 2> /dev/null || true

# A signal ends the waiting and not the session, which is still saving.
while :; do
  status=0
  wait "$playing" || status=$?
  kill -0 "$playing" 2> /dev/null || break
done
exit "$status"
