// SPDX-License-Identifier: Apache-2.0
// Simulation only: the array plus two buses that show every PE register. They are copied at a rising edge of `sample`,
// so a simulation that does not look at a cycle does not pay for looking.
//
//   obs_acc    word (b * ROWS + i) * COLS + j: acc[b] of PE (i, j)
//   obs_state  word i * COLS + j:   a [7:0]  w [15:8]  lv [16]  lf [17]  lb [18]  wv [19]  fv [20]  ff [21]  fb [22]
//                                   full[0] [23]  full[1] [24]  mv [25]  mb [26]
// OBSERVE = 0 leaves the buses zero.
module systolic_array_observed #(
    parameter int ROWS    = 4,
    parameter int COLS    = 4,
    parameter int BANKS   = 2,
    parameter int FUSE    = 1,
    parameter int STAGES  = 0,
    parameter int OBSERVE = 1
) (
    input  logic                          clk,
    input  logic                          rst,
    input  logic                          en,
    input  logic                          skewed,
    input  logic [            ROWS*8-1:0] left,
    input  logic [              ROWS-1:0] left_valid,
    input  logic                          left_first,
    input  logic                          left_bank,
    input  logic [            ROWS*8-1:0] tap,
    input  logic [              ROWS-1:0] tap_valid,
    input  logic                          tap_first,
    input  logic                          tap_bank,
    input  logic [            COLS*8-1:0] top,
    input  logic [              COLS-1:0] top_valid,
    input  logic [              COLS-1:0] drain,
    input  logic                          drain_bank,
    output logic [              COLS-1:0] out_valid,
    output logic [              COLS-1:0] out_bank,
    output logic [           COLS*32-1:0] out_data,
    input  logic                          sample,
    output logic [     ROWS*COLS*32-1:0] obs_state,
    output logic [BANKS*ROWS*COLS*32-1:0] obs_acc
);

  systolic_array #(
      .ROWS  (ROWS),
      .COLS  (COLS),
      .BANKS (BANKS),
      .FUSE  (FUSE),
      .STAGES(STAGES)
  ) array (
      .clk       (clk),
      .rst       (rst),
      .en        (en),
      .skewed    (skewed),
      .left      (left),
      .left_valid(left_valid),
      .left_first(left_first),
      .left_bank (left_bank),
      .tap       (tap),
      .tap_valid (tap_valid),
      .tap_first (tap_first),
      .tap_bank  (tap_bank),
      .top       (top),
      .top_valid (top_valid),
      .drain     (drain),
      .drain_bank(drain_bank),
      .out_valid (out_valid),
      .out_bank  (out_bank),
      .out_data  (out_data)
  );

  genvar i, j, b;
  generate
    if (OBSERVE != 0) begin : g_observe
      for (i = 0; i < ROWS; i = i + 1) begin : row
        for (j = 0; j < COLS; j = j + 1) begin : col
          wire [1:0] full = 2'(array.grid.row[i].col[j].pe_i.full);
          always_ff @(posedge sample) begin
            obs_state[(i*COLS+j)*32+:32] <= {
              5'd0,
              array.grid.row[i].col[j].pe_i.mb,
              array.grid.row[i].col[j].pe_i.mv,
              full,
              array.grid.row[i].col[j].pe_i.fb,
              array.grid.row[i].col[j].pe_i.ff,
              array.grid.row[i].col[j].pe_i.fv,
              array.grid.row[i].col[j].pe_i.wv,
              array.grid.row[i].col[j].pe_i.lb,
              array.grid.row[i].col[j].pe_i.lf,
              array.grid.row[i].col[j].pe_i.lv,
              array.grid.row[i].col[j].pe_i.w,
              array.grid.row[i].col[j].pe_i.a
            };
          end
          for (b = 0; b < BANKS; b = b + 1) begin : bank
            always_ff @(posedge sample) begin
              obs_acc[((b*ROWS+i)*COLS+j)*32+:32] <= array.grid.row[i].col[j].pe_i.acc[b*32+:32];
            end
          end
        end
      end
    end else begin : g_blind
      wire unused_ok = &{1'b0, sample};
      for (i = 0; i < ROWS * COLS; i = i + 1) begin : state_word
        assign obs_state[i*32+:32] = 32'd0;
      end
      for (i = 0; i < BANKS * ROWS * COLS; i = i + 1) begin : acc_word
        assign obs_acc[i*32+:32] = 32'd0;
      end
    end
  endgenerate

endmodule
