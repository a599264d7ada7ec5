// SPDX-License-Identifier: Apache-2.0
// A PE of the fused block, one output pixel of the tile; registers carry the names of hw/fused/fused_core.h.
module fused_pe #(
    parameter int MODE        = 1,   // 0: fixed, every lane has an adder; 1: elastic, survivors queue for ADDERS
    parameter int LANES       = 4,
    parameter int ADDERS      = 2,
    parameter int QUEUE_DEPTH = 6,
    parameter int ADDER_BITS  = 20,
    parameter int LADDERS     = 2
) (
    input  logic                   clk,
    input  logic                   rst,
    // predictor word in R0
    input  logic                   predict,           // this PE works on it
    input  logic [    LANES*4-1:0] value,
    input  logic [      LANES-1:0] negative,
    input  logic [            4:0] endings,
    input  logic [  LADDERS*7-1:0] ending,
    // the ending register's thresholds
    input  logic [    LADDERS-1:0] falling,
    input  logic [ LADDERS*16-1:0] mask_threshold,
    input  logic [LADDERS*112-1:0] level_thresholds,
    output logic [    LADDERS-1:0] passed,
    output logic [  LADDERS*3-1:0] level,
    // terms word in R0
    input  logic                   push,              // it leaves
    input  logic                   last,
    input  logic                   channel_end,
    input  logic [   LANES*16-1:0] weight,
    input  logic [      LANES-1:0] survive,
    input  logic [           15:0] word_operand,
    output logic                   room,              // this PE lets it leave
    // result
    input  logic                   take,
    output logic                   result_valid,
    output logic [           31:0] result,
    output logic                   idle
);

  // One C++ function for all PEs instead of one for each.
  /* verilator no_inline_module */

  // ---- predictor

  logic [LADDERS*17-1:0] ended;

  fused_ternary #(
      .LANES  (LANES),
      .LADDERS(LADDERS)
  ) ternary (
      .clk     (clk),
      .rst     (rst),
      .active  (predict),
      .value   (value),
      .negative(negative),
      .endings (endings),
      .ending  (ending),
      .ended   (ended)
  );

  genvar f;
  generate
    for (f = 0; f < LADDERS; f = f + 1) begin : ladders
      fused_ladder ladder (
          .sum             (ended[f*17+:17]),
          .falling         (falling[f]),
          .mask_threshold  (mask_threshold[f*16+:16]),
          .level_thresholds(level_thresholds[f*112+:112]),
          .passed          (passed[f]),
          .level           (level[f*3+:3])
      );
    end
  endgenerate

  // ---- sums of lists

  logic [ADDER_BITS-1:0] sum;  // running sum of a list
  logic multiply, multiply_end;
  logic [12:0] queued;

  // A channel's end that comes now would meet a result that has not been taken.
  wire full = result_valid || multiply_end;

  logic [ADDER_BITS-1:0] added;
  logic adds, list_end, list_done;
  logic [15:0] list_operand;

  generate
    if (MODE == 0) begin : g_fixed
      always_comb begin
        added = '0;
        for (int l = 0; l < LANES; l = l + 1) begin
          if (survive[l]) added = added + ADDER_BITS'($signed(weight[l*16+:16]));
        end
      end
      assign adds = push;
      assign list_end = push && last;
      assign list_done = channel_end;
      assign list_operand = word_operand;
      assign room = !(channel_end && full);
      assign queued = '0;
    end else begin : g_elastic
      logic [6:0] survivors;
      logic [LANES*16-1:0] compact;

      fused_survivors #(
          .LANES(LANES)
      ) compaction (
          .survive(survive),
          .weight (weight),
          .count  (survivors),
          .compact(compact)
      );

      fused_queue #(
          .LANES     (LANES),
          .ADDERS    (ADDERS),
          .DEPTH     (QUEUE_DEPTH),
          .ADDER_BITS(ADDER_BITS)
      ) queue (
          .clk         (clk),
          .rst         (rst),
          .push        (push),
          .last        (last),
          .channel_end (channel_end),
          .operand     (word_operand),
          .survivors   (survivors),
          .weight      (compact),
          .room        (room),
          .hold_done   (full),
          .sum         (added),
          .tail        (list_end),
          .tail_done   (list_done),
          .tail_operand(list_operand),
          .used        (queued)
      );
      assign adds = 1'b1;
    end
  endgenerate

  wire [ADDER_BITS-1:0] total = sum + added;

  always_ff @(posedge clk) begin
    if (rst) sum <= '0;
    else if (adds) sum <= list_end ? '0 : total;
  end

  fused_multiplier #(
      .ADDER_BITS(ADDER_BITS)
  ) multiplier (
      .clk         (clk),
      .rst         (rst),
      .list_end    (list_end),
      .list_sum    (total),
      .list_operand(list_operand),
      .list_done   (list_done),
      .take        (take),
      .multiply    (multiply),
      .multiply_end(multiply_end),
      .result_valid(result_valid),
      .result      (result)
  );

  assign idle = queued == '0 && !multiply && !result_valid;

endmodule
