#!/bin/sh
# The recipe of relcon-v1: RelCon's own encoder and objective on the six open sets, as far as minutes of a CPU go.
#
#   recipes/relcon-v1.sh STUDIES OUT ["SET TO LEAVE OUT ..."]
#
# STUDIES: see open_sets.sh. WEARCLI names the command, STEPS another length, OPTIONS more flags.
set -eu
studies=$1 out=$2 without=${3:-none} windows="--rate 100 --window 2.56"
. "$(dirname "$0")/open_sets.sh"

# shellcheck disable=SC2086
exec $wearcli pretrain "$@" --method relcon --encoder relcon --steps "${STEPS:-300}" --lr 3e-4 --distance-steps 150 \
    --validate-every 100 --checkpoint-every 50 --name relcon-v1 ${OPTIONS:-} -o "$out/run"
