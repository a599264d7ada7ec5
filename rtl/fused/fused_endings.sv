// SPDX-License-Identifier: Apache-2.0
// The ending register, the part that all PEs share: thresholds and places of the sums that ended in the word before.
module fused_endings #(
    parameter int PES     = 4,
    parameter int LADDERS = 2
) (
    input  logic                   clk,
    input  logic                   rst,
    input  logic                   expand_word,      // in R0, and leaves
    input  logic                   depthwise_word,
    input  logic [            4:0] count,
    input  logic [           14:0] position,         // of PE 0
    input  logic [        PES-1:0] works,
    input  logic [ LADDERS*12-1:0] channel,
    input  logic [ LADDERS*12-1:0] place,
    input  logic [    LADDERS-1:0] falling,
    input  logic [ LADDERS*16-1:0] mask_threshold,
    input  logic [LADDERS*112-1:0] level_thresholds,
    output logic                   expand,
    output logic                   depthwise,
    output logic [            4:0] e_count,
    output logic [           14:0] e_position,
    output logic [        PES-1:0] e_works,
    output logic [ LADDERS*12-1:0] e_channel,
    output logic [ LADDERS*12-1:0] e_place,
    output logic [    LADDERS-1:0] e_falling,
    output logic [ LADDERS*16-1:0] e_mask_threshold,
    output logic [LADDERS*112-1:0] e_level_thresholds
);

  always_ff @(posedge clk) begin
    if (rst) begin
      expand             <= 1'b0;
      depthwise          <= 1'b0;
      e_count            <= '0;
      e_position         <= '0;
      e_works            <= '0;
      e_channel          <= '0;
      e_place            <= '0;
      e_falling          <= '0;
      e_mask_threshold   <= '0;
      e_level_thresholds <= '0;
    end else begin
      expand    <= expand_word && count != '0;
      depthwise <= depthwise_word && count != '0;
      if (expand_word || depthwise_word) begin
        e_count            <= count;
        e_position         <= position;
        e_works            <= works;
        e_channel          <= channel;
        e_place            <= place;
        e_falling          <= falling;
        e_mask_threshold   <= mask_threshold;
        e_level_thresholds <= level_thresholds;
      end
    end
  end

endmodule
