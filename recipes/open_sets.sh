# Read by the recipes of models of motion: the six open sets as windows, and their terms.
#
# Of the caller: STUDIES holds a folder a set (sisfall, smartfallmm, hexoskin, stress_predict, selfback, umafall),
# each as `wearcli` reads it, with its labels.csv; `out`, `windows` (options of preprocess) and `without` (sets to
# leave out, with blanks between). Leaves in "$@" what `wearcli pretrain` gets of them; `study_of NAME` is the folder
# of a set.
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

study_of() {
    if [ "$1" = stress_predict ]; then echo "$stress"; else echo "$studies/$1"; fi
}

sets=
set --
for name in sisfall smartfallmm hexoskin stress_predict selfback umafall; do
    case " $without " in *" $name "*) continue ;; esac
    # A few recordings that fit no unit are named and left out: exit code 1.
    # shellcheck disable=SC2086
    [ -f "$out/stores/$name/store.json" ] ||
        $wearcli preprocess "$(study_of "$name")" -o "$out/stores/$name" $windows || [ $? = 1 ]
    sets="$sets $name"
    case $name in
        hexoskin | stress_predict) terms=MIT ;;
        *) terms="none stated with the copy" ;;
    esac
    set -- "$@" "$out/stores/$name" --terms "$name=$terms"
done
set -- "$@" --licence Apache-2.0 --seed 0 --workers 1
