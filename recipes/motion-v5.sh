#!/bin/sh
# The recipe of the default model: recordings in, OUT/run with the model folder out. One seed, by steps.
#
#   recipes/motion-v5.sh STUDIES OUT ["SET TO LEAVE OUT ..."]
#
# STUDIES: see open_sets.sh. WEARCLI names the command, STEPS another length, OPTIONS more flags.
set -eu
studies=$1 out=$2 without=${3:-none} windows="--stride 2.5"
. "$(dirname "$0")/open_sets.sh"

for name in $sets; do
    labels=$(study_of "$name")/labels.csv
    [ -f "$labels" ] && set -- "$@" --labels "$name=$labels"
done

# shellcheck disable=SC2086
exec $wearcli pretrain "$@" --method multitask --contrast 2 --steps "${STEPS:-2000}" --name motion-v5 \
    ${OPTIONS:-} -o "$out/run"
