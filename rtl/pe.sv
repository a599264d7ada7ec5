// SPDX-License-Identifier: Apache-2.0
// A processing element as docs/array.md defines it; registers carry the names of that page.
module pe #(
    parameter int BANKS = 2,  // accumulators: 1 (single) or 2 (ping-pong)
    parameter int FUSE  = 1   // 1: the row's broadcast wire and its multiplexer are present
) (
    input  logic               clk,
    input  logic               rst,
    input  logic               en,
    // from the left neighbour
    input  logic signed [ 7:0] left_data,
    input  logic               left_valid,
    input  logic               left_first,
    input  logic               left_bank,
    // from the upper neighbour
    input  logic signed [ 7:0] up_data,
    input  logic               up_valid,
    // the row's broadcast wire
    input  logic signed [ 7:0] tap_data,
    input  logic               tap_valid,
    input  logic               tap_first,
    input  logic               tap_bank,
    // the column's wires
    input  logic               col_en,
    input  logic               drain_valid,
    input  logic               drain_bank,
    // the column's drain chain
    input  logic               chain_in_valid,
    input  logic               chain_in_bank,
    input  logic        [31:0] chain_in_data,
    output logic               chain_out_valid,
    output logic               chain_out_bank,
    output logic        [31:0] chain_out_data,
    // to the right neighbour
    output logic signed [ 7:0] a,
    output logic               lv,
    output logic               lf,
    output logic               lb,
    // to the lower neighbour
    output logic signed [ 7:0] w,
    output logic               wv
);

  // One C++ function a PE instead of one for the whole grid: Verilated arrays compile in half the time.
  /* verilator no_inline_module */

  localparam logic TWO_BANKS = BANKS == 2;

  logic fv, ff, fb;  // control of the tap in `w`
  logic mv, mb;      // a moving word arrived at the last edge, and its bank

  // ---- operands

  always_ff @(posedge clk) begin
    if (rst) begin
      a  <= '0;
      lv <= 1'b0;
      lf <= 1'b0;
      lb <= 1'b0;
    end else if (en) begin
      a  <= left_data;
      lv <= left_valid;
      lf <= left_first;
      lb <= left_bank & TWO_BANKS;
    end
  end

  generate
    if (FUSE != 0) begin : g_fuse
      always_ff @(posedge clk) begin
        if (rst) begin
          w  <= '0;
          wv <= 1'b0;
          fv <= 1'b0;
          ff <= 1'b0;
          fb <= 1'b0;
        end else if (en) begin
          w  <= tap_valid ? tap_data : up_data;  // the FuSe multiplexer
          wv <= tap_valid ? col_en : up_valid;
          fv <= tap_valid;
          ff <= tap_first;
          fb <= tap_bank & TWO_BANKS;
        end
      end
    end else begin : g_plain
      wire unused_ok = &{1'b0, tap_data, tap_valid, tap_first, tap_bank, col_en};
      assign fv = 1'b0;
      assign ff = 1'b0;
      assign fb = 1'b0;
      always_ff @(posedge clk) begin
        if (rst) begin
          w  <= '0;
          wv <= 1'b0;
        end else if (en) begin
          w  <= up_data;
          wv <= up_valid;
        end
      end
    end
  endgenerate

  // ---- multiply and accumulate

  logic [BANKS*32-1:0] acc;
  logic [BANKS-1:0] full;

  wire mac = wv & (fv | lv);
  wire first = fv ? ff : lf;
  wire bank = fv ? fb : lb;
  wire [31:0] partial = bank ? acc[BANKS*32-1-:32] : acc[31:0];
  wire [31:0] sum;

  multiply_add multiply_add_i (
      .a      (a),
      .w      (w),
      .first  (first),
      .partial(partial),
      .sum    (sum)
  );

  // ---- drain

  wire strobe_bank = drain_bank & TWO_BANKS;
  wire full_bank = strobe_bank ? full[BANKS-1] : full[0];
  wire moving = mv | (drain_valid & full_bank);
  wire mbank = mv ? mb : strobe_bank;
  wire arrive_bank = chain_in_bank & TWO_BANKS;

  assign chain_out_valid = moving;
  assign chain_out_bank  = mbank;
  assign chain_out_data  = mbank ? acc[BANKS*32-1-:32] : acc[31:0];

  always_ff @(posedge clk) begin
    if (rst) begin
      mv <= 1'b0;
      mb <= 1'b0;
    end else if (en) begin
      mv <= chain_in_valid;
      mb <= chain_in_valid & arrive_bank;
    end
  end

  genvar b;
  generate
    for (b = 0; b < BANKS; b = b + 1) begin : banks
      accumulator bank_i (
          .clk        (clk),
          .rst        (rst),
          .en         (en),
          .strobe     (drain_valid & (strobe_bank == (b == 1))),
          .mac        (mac & (bank == (b == 1))),
          .sum        (sum),
          .arrive     (chain_in_valid & (arrive_bank == (b == 1))),
          .arrive_data(chain_in_data),
          .acc        (acc[b*32+:32]),
          .full       (full[b])
      );
    end
  endgenerate

`ifndef SYNTHESIS
  // The timing law keeps these from happening; the array has no logic for them.
  always @(posedge clk) begin
    if (en && !rst) begin
      mac_meets_arriving_word :
      assert (!(mac && chain_in_valid && bank == arrive_bank))
      else $error("a MAC and an arriving word meet in one accumulator");
      two_words_in_one_pe :
      assert (!(mv && drain_valid && full_bank))
      else $error("a drain strobe starts a word in a PE that another word is crossing");
    end
  end
`endif

endmodule
