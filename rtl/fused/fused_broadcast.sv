// SPDX-License-Identifier: Apache-2.0
// The word register R0. Predictor words leave it after one cycle, terms words when every PE lets them.
module fused_broadcast #(
    parameter int WORD = 8  // bits of a word, its kind aside
) (
    input  logic            clk,
    input  logic            rst,
    input  logic [     1:0] kind,       // of the word presented: 0 none, 1 expand, 2 depthwise, 3 terms
    input  logic [WORD-1:0] word,
    input  logic            room,       // all PEs let a terms word leave
    output logic            ready,
    output logic            held,
    output logic            leaves,
    output logic [     1:0] word_kind,  // R0
    output logic [WORD-1:0] word_held
);

  assign leaves = word_kind != 2'd0 && (word_kind != 2'd3 || room);
  assign held   = word_kind == 2'd3 && !room;
  assign ready  = !held;

  always_ff @(posedge clk) begin
    if (rst) begin
      word_kind <= '0;
      word_held <= '0;
    end else if (ready) begin
      word_kind <= kind;
      if (kind != 2'd0) word_held <= word;
    end
  end

endmodule
