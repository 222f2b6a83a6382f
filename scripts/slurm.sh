#!/bin/sh
#SBATCH --job-name=saccadeworld
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
# Train on all GPUs of some machines that share a file system, from the root of the checkout:
#     sbatch [--nodes N ...] scripts/slurm.sh --out runs/large --device cuda [option of saccadeworld train ...]
#
# One torchrun on each machine, which starts a process for each GPU; PROCESSES names another number. After a failure they
# start again and go on from the last checkpoint, as does a job that Slurm requeues, and a job that is submitted again
# after its time was up, two minutes before which it saves.
set -eu

first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
exec srun sh scripts/run.sh torchrun --nnodes "$SLURM_JOB_NUM_NODES" --nproc-per-node "${PROCESSES:-gpu}" \
    --max-restarts 3 --rdzv-backend c10d --rdzv-endpoint "$first:29500" --rdzv-id "$SLURM_JOB_ID" \
    -m saccadeworld.scripts.train "$@"
