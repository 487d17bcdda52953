#!/bin/sh
# Estimates pi by throwing points at a quarter circle: estimate.sh [THROWS] [SEED]
set -eu
awk -v throws="${1:-200000}" -v seed="${2:-1}" -v file="${LAUNCH_OUTPUT_DIR:-.}/metrics.json" 'BEGIN {
  srand(seed)
  for (i = 0; i < throws; i++) { x = rand(); y = rand(); if (x * x + y * y <= 1) inside++ }
  estimate = 4 * inside / throws
  printf "%d throws  pi is about %.4f\n", throws, estimate
  printf "{\"pi\": %.4f}\n", estimate > file
}'
