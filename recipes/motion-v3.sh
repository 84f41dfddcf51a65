#!/bin/sh
# The recipe of the default model: recordings in, OUT/run with the model folder out. One seed, by steps.
#
#   recipes/motion-v3.sh STUDIES OUT [SET_TO_LEAVE_OUT]
#
# STUDIES holds a folder a set (sisfall, smartfallmm, hexoskin, stress_predict, selfback, umafall), each as
# `wearcli` reads it, with its labels.csv. WEARCLI names the command, STEPS another length, OPTIONS more flags.
set -eu
studies=$1 out=$2 without=${3:-none}
wearcli=${WEARCLI:-wearcli}
mkdir -p "$out"

# People S21 to S35 of stress_predict are in no training: they score the models of heart and stress.
stress=$out/stress_predict
if [ ! -d "$stress" ]; then
    mkdir "$stress.part"
    for number in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20; do
        for file in "$studies"/stress_predict/stress_predict_S"$number"_*.acc.parquet; do
            [ -e "$file" ] && ln -s "$(realpath "$file")" "$stress.part/"
        done
    done
    cp "$studies"/stress_predict/*s.csv "$stress.part/"
    grep -v ',unlabelled$' "$studies"/stress_predict/labels.csv > "$stress.part/labels.csv"
    mv "$stress.part" "$stress"
fi

set --
for name in sisfall smartfallmm hexoskin stress_predict selfback umafall; do
    [ "$name" = "$without" ] && continue
    study=$studies/$name
    [ "$name" = stress_predict ] && study=$stress
    # A few recordings that fit no unit are named and left out: exit code 1.
    [ -f "$out/stores/$name/store.json" ] ||
        $wearcli preprocess "$study" -o "$out/stores/$name" --stride 2.5 || [ $? = 1 ]
    set -- "$@" "$out/stores/$name"
    [ -f "$study/labels.csv" ] && set -- "$@" --labels "$name=$study/labels.csv"
done

exec $wearcli pretrain "$@" --method multitask --contrast 2 --steps "${STEPS:-2000}" \
    --seed 0 --workers 1 --name motion-v3 \
    --licence Apache-2.0 --terms hexoskin=MIT --terms stress_predict=MIT \
    --terms "sisfall=none stated with the copy" --terms "smartfallmm=none stated with the copy" \
    --terms "selfback=none stated with the copy" --terms "umafall=none stated with the copy" \
    ${OPTIONS:-} -o "$out/run"
