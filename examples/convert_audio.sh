#!/bin/sh
# Convert sound files by a program that has never heard of Gearman: it reads stdin and
# writes stdout. The worker's command line is all there is to write.
#
# Run workers:    geartrain worker --processes 4 --job-timeout 600 \
#                     --exec wav-to-ogg='sox -t wav - -t ogg -'
# Convert:        ./convert_audio.sh *.wav
set -eu

# Eight clients wait at a time; the workers take their jobs in turn.
printf '%s\n' "$@" | xargs -P 8 -I '{}' sh -c '
    gearman -f wav-to-ogg < "$1" > "${1%.wav}.ogg"
' convert '{}'
