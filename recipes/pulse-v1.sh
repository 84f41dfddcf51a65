#!/bin/sh
# The recipe of the models ppg-v1 and ecg-v1: recordings in, OUT/run with the model folder out. One seed, by steps.
#
#   recipes/pulse-v1.sh ppg|ecg STUDIES OUT
#
# STUDIES holds a folder a set (ppg: mwppg_bp, stress_predict; ecg: cinc2017, mitbih), each as `wearcli` reads it.
# The people in OUT/held train nothing: they score the model. WEARCLI and PYTHON name the commands, STEPS another
# length, OPTIONS more flags. Run it from the project's own folder.
set -eu
signal=$1 studies=$2 out=$3
wearcli=${WEARCLI:-wearcli} python=${PYTHON:-python3}
case $signal in
    ppg) sets="mwppg_bp stress_predict" stride=15 steps=${STEPS:-600} ;;
    ecg) sets="cinc2017 mitbih" stride=5 steps=${STEPS:-1200} ;;
    *) echo "usage: recipes/pulse-v1.sh ppg|ecg STUDIES OUT" >&2; exit 2 ;;
esac
mkdir -p "$out"

set --
for name in $sets; do
    case $name in
        mwppg_bp) how="--share 0.5" ;;
        mitbih) how="--share 0.5" ;;
        cinc2017) how="--share 0.3333" ;;
        stress_predict) how="--people S(2[1-9]|3.)\$" ;;
    esac
    # shellcheck disable=SC2086
    [ -d "$out/held/$name" ] || $python -m recipes.hold_out "$studies/$name" "$out" $how
    [ -f "$out/stores/$name/store.json" ] ||
        $wearcli preprocess "$out/train/$name" -o "$out/stores/$name" --modality "$signal" --channels 1 \
            --stride "$stride"
    set -- "$@" "$out/stores/$name"
done

# shellcheck disable=SC2086
exec $wearcli pretrain "$@" --method participant --modality "$signal" --steps "$steps" --seed 0 --workers 1 \
    --patience 0 --name "$signal-v1" --licence Apache-2.0 --terms stress_predict=MIT \
    --terms "mwppg_bp=none stated with the copy" --terms "cinc2017=Open Data Commons Attribution" \
    --terms "mitbih=Open Data Commons Attribution" ${OPTIONS:-} -o "$out/run"
