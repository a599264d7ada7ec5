// SPDX-License-Identifier: Apache-2.0
// A ladder: compares a sum with the threshold of its mask and with those of the seven levels. A falling channel passes
// a threshold downwards.
module fused_ladder (
    input  logic signed [ 16:0] sum,
    input  logic                falling,
    input  logic        [ 15:0] mask_threshold,
    input  logic        [111:0] level_thresholds,
    output logic                passed,
    output logic        [  2:0] level
);

  function automatic passes(input logic signed [16:0] s, input logic [15:0] threshold, input logic down);
    passes = down ? s <= $signed({threshold[15], threshold}) : s >= $signed({threshold[15], threshold});
  endfunction

  always_comb begin
    passed = passes(sum, mask_threshold, falling);
    level  = '0;
    for (int i = 0; i < 7; i = i + 1) level = level + 3'(passes(sum, level_thresholds[i*16+:16], falling));
  end

endmodule
