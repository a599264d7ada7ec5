// SPDX-License-Identifier: Apache-2.0
// The fused block as docs/fused.md defines it; the ports are those of hw/fused/fused_core.h, element i of a vector in
// bits [i*n +: n]. Reset clears all but the memories (tiles, masks, levels), which start as zeros.
module fused_block #(
    parameter int TILE_ROWS       = 2,
    parameter int TILE_COLUMNS    = 2,
    parameter int MODE            = 1,                        // 0: fixed, 1: elastic
    parameter int LANES           = 4,
    parameter int ADDERS          = 2,                        // elastic
    parameter int QUEUE_DEPTH     = 6,                        // elastic, at least LANES
    parameter int ADDER_BITS      = 20,
    parameter int LADDERS         = 2,
    parameter int MASK_CHANNELS   = 16,
    parameter int MASK_POSITIONS  = 16,                       // at least PES
    parameter int LEVEL_CHANNELS  = 4,
    parameter int TILE_BYTES      = 64,
    parameter int TILE_PORT_BYTES = 4,
    parameter int OUTPUT_LANES    = 2,
    parameter int PES             = TILE_ROWS * TILE_COLUMNS
) (
    input  logic                         clk,
    input  logic                         rst,
    // geometry of the tile that the word reads
    input  logic [                  2:0] kernel,
    input  logic                         twice,               // stride 2
    input  logic [                 14:0] region_rows,
    input  logic [                 14:0] region_columns,
    input  logic [                  2:0] pad_top,
    input  logic [                  2:0] pad_left,
    input  logic [                 14:0] out_rows,
    input  logic [                 14:0] out_columns,
    input  logic                         buffer,
    // word
    input  logic [                  1:0] kind,                // 0 none, 1 expand, 2 depthwise, 3 terms
    input  logic [                  6:0] lane_count,
    input  logic [         LANES*12-1:0] lane_index,
    input  logic [         LANES*16-1:0] lane_weight,         // expand, depthwise: the sign alone
    input  logic [                  4:0] ending_count,
    input  logic [        LADDERS*7-1:0] ending_lanes,
    input  logic [       LADDERS*12-1:0] ending_channel,
    input  logic [       LADDERS*12-1:0] ending_place,        // in the level storage
    input  logic [          LADDERS-1:0] ending_falling,
    input  logic [       LADDERS*16-1:0] ending_mask,
    input  logic [      LADDERS*112-1:0] ending_levels,
    input  logic [                 13:0] pass,
    input  logic [                 11:0] open_place,
    input  logic                         last,
    input  logic                         channel_end,
    input  logic                         every_tap,
    input  logic [                  5:0] tap,
    input  logic                         constant,
    input  logic [                  3:0] shift,
    input  logic [                 11:0] channel,
    // tile write
    input  logic                         write,
    input  logic                         write_buffer,
    input  logic [                 24:0] write_address,
    input  logic [                 12:0] write_count,
    input  logic [TILE_PORT_BYTES*9-1:0] write_x,
    input  logic [TILE_PORT_BYTES*4-1:0] write_v,
    // output unit
    input  logic [                 31:0] bias,
    input  logic [                 31:0] multiplier,
    input  logic [                  5:0] out_shift,
    input  logic [                  7:0] zero_out,
    input  logic [                  7:0] lowest,
    input  logic [                  7:0] highest,
    input  logic                         add_residual,
    input  logic [                  7:0] zero_a,
    input  logic [                  7:0] zero_b,
    input  logic [                  7:0] residual_zero_out,
    input  logic [                 31:0] multiplier_a,
    input  logic [                 31:0] multiplier_b,
    input  logic [                  5:0] residual_shift,
    input  logic [                  7:0] residual_lowest,
    input  logic [                  7:0] residual_highest,
    input  logic [   OUTPUT_LANES*8-1:0] residual,
    output logic                         ready,
    output logic                         held,
    output logic                         takes,
    output logic                         busy,                // the output unit works on `group`
    output logic [                 14:0] group,
    output logic                         emits,
    output logic [                 14:0] emitted_group,
    output logic [   OUTPUT_LANES*8-1:0] emitted,
    output logic                         idle
);

  // ---- broadcast

  localparam int GEOMETRY = 3 + 1 + 15 + 15 + 3 + 3 + 15 + 15 + 1;
  localparam int ENDING = 7 + 12 + 12 + 1 + 16 + 112;
  localparam int WORD = GEOMETRY + 7 + LANES * (12 + 16) + 5 + LADDERS * ENDING + 14 + 12 + 3 + 6 + 1 + 4 + 12;

  wire room;
  wire leaves;
  wire [1:0] r_kind;
  wire [WORD-1:0] r_word;

  fused_broadcast #(
      .WORD(WORD)
  ) broadcast (
      .clk      (clk),
      .rst      (rst),
      .kind     (kind),
      .word     ({
        kernel, twice, region_rows, region_columns, pad_top, pad_left, out_rows, out_columns, buffer, lane_count,
        lane_index, lane_weight, ending_count, ending_lanes, ending_channel, ending_place, ending_falling, ending_mask,
        ending_levels, pass, open_place, last, channel_end, every_tap, tap, constant, shift, channel
      }),
      .room     (room),
      .ready    (ready),
      .held     (held),
      .leaves   (leaves),
      .word_kind(r_kind),
      .word_held(r_word)
  );

  wire [2:0] r_kernel, r_pad_top, r_pad_left;
  wire r_twice, r_buffer;
  wire [14:0] r_region_rows, r_region_columns, r_out_rows, r_out_columns;
  wire [6:0] r_lane_count;
  wire [LANES*12-1:0] r_lane_index;
  wire [LANES*16-1:0] r_lane_weight;
  wire [4:0] r_ending_count;
  wire [LADDERS*7-1:0] r_ending_lanes;
  wire [LADDERS*12-1:0] r_ending_channel, r_ending_place;
  wire [LADDERS-1:0] r_ending_falling;
  wire [LADDERS*16-1:0] r_ending_mask;
  wire [LADDERS*112-1:0] r_ending_levels;
  wire [13:0] r_pass;
  wire [11:0] r_open_place, r_channel;
  wire r_last, r_channel_end, r_every_tap, r_constant;
  wire [5:0] r_tap;
  wire [3:0] r_shift;
  assign {r_kernel, r_twice, r_region_rows, r_region_columns, r_pad_top, r_pad_left, r_out_rows, r_out_columns,
          r_buffer, r_lane_count, r_lane_index, r_lane_weight, r_ending_count, r_ending_lanes, r_ending_channel,
          r_ending_place, r_ending_falling, r_ending_mask, r_ending_levels, r_pass, r_open_place, r_last,
          r_channel_end, r_every_tap, r_tap, r_constant, r_shift, r_channel} = r_word;

  wire expand = r_kind == 2'd1;
  wire depthwise = r_kind == 2'd2;
  wire terms = r_kind == 2'd3;

  // ---- what the lanes of the word read

  wire [14:0] positions = r_region_rows * r_region_columns;
  wire [14:0] pass_position = 15'(32'(r_pass) * PES);  // of PE 0

  logic [LANES-1:0] lane_valid, lane_negative;
  logic [LANES*12-1:0] lane_place;
  logic [LANES*25-1:0] lane_address;
  wire [LANES*3-1:0] lane_ky, lane_kx;

  always_comb begin
    lane_valid = '0;
    lane_negative = '0;
    lane_place = '0;
    lane_address = '0;
    for (int l = 0; l < LANES; l = l + 1) begin
      lane_valid[l] = l < 32'(r_lane_count);
      lane_negative[l] = r_lane_weight[l*16+15];
      lane_address[l*25+:25] = 25'(r_lane_index[l*12+:12]) * 25'(positions) + 25'(pass_position);
      // The place of the ending that the lane leads to: the first one behind it.
      lane_place[l*12+:12] = r_open_place;
      for (int f = LADDERS - 1; f >= 0; f = f - 1) begin
        if (f < 32'(r_ending_count) && l < 32'(r_ending_lanes[f*7+:7])) begin
          lane_place[l*12+:12] = r_ending_place[f*12+:12];
        end
      end
    end
  end

  genvar n;
  generate
    for (n = 0; n < LANES; n = n + 1) begin : lane_taps
      fused_kernel_place lane_tap (
          .kernel(r_kernel),
          .tap   (r_lane_index[n*12+:6]),
          .ky    (lane_ky[n*3+:3]),
          .kx    (lane_kx[n*3+:3])
      );
    end
  endgenerate

  wire [2:0] ky, kx;
  wire [7*TILE_ROWS-1:0] row_inside;
  wire [7*TILE_ROWS*15-1:0] row_start;
  wire [7*TILE_COLUMNS-1:0] column_inside;
  wire [7*TILE_COLUMNS*15-1:0] column;
  wire [PES-1:0] tap_inside;
  wire [PES*15-1:0] position;

  fused_kernel_place word_tap (
      .kernel(r_kernel),
      .tap   (r_tap),
      .ky    (ky),
      .kx    (kx)
  );

  fused_taps #(
      .TILE_ROWS   (TILE_ROWS),
      .TILE_COLUMNS(TILE_COLUMNS)
  ) taps (
      .twice         (r_twice),
      .region_rows   (r_region_rows),
      .region_columns(r_region_columns),
      .pad_top       (r_pad_top),
      .pad_left      (r_pad_left),
      .row_inside    (row_inside),
      .row_start     (row_start),
      .column_inside (column_inside),
      .column        (column),
      .ky            (ky),
      .kx            (kx),
      .tap_inside        (tap_inside),
      .position      (position)
  );

  logic [PES*25-1:0] operand_address;
  wire [PES*LANES*4-1:0] lane_v;
  wire [PES*9-1:0] operand_x;
  wire read_operands = terms && !r_constant;

  always_comb begin
    operand_address = '0;
    if (read_operands) begin
      for (int p = 0; p < PES; p = p + 1) begin
        operand_address[p*25+:25] = 25'(r_channel) * 25'(positions) + 25'(position[p*15+:15]);
      end
    end
  end

  fused_tile #(
      .LANES(LANES),
      .PES  (PES),
      .BYTES(TILE_BYTES),
      .PORT (TILE_PORT_BYTES)
  ) tile (
      .clk            (clk),
      .write          (write),
      .write_buffer   (write_buffer),
      .write_address  (write_address),
      .write_count    (write_count),
      .write_x        (write_x),
      .write_v        (write_v),
      .read_buffer    (r_buffer),
      .read_lanes     (expand),
      .lane_address   (lane_address),
      .lane_v         (lane_v),
      .read_operands  (read_operands),
      .operand_address(operand_address),
      .operand_x      (operand_x)
  );

  // ---- predictor: who works, the ending register, masks and levels

  logic [PES-1:0] works;
  always_comb begin
    works = '0;
    for (int i = 0; i < TILE_ROWS; i = i + 1) begin
      for (int j = 0; j < TILE_COLUMNS; j = j + 1) begin
        works[i*TILE_COLUMNS+j] = expand
            ? 32'(pass_position) + i * TILE_COLUMNS + j < 32'(positions)
            : i < 32'(r_out_rows) && j < 32'(r_out_columns);
      end
    end
  end

  wire e_expand, e_depthwise;
  wire [4:0] e_count;
  wire [14:0] e_position;
  wire [PES-1:0] e_works;
  wire [LADDERS*12-1:0] e_channel, e_place;
  wire [LADDERS-1:0] e_falling;
  wire [LADDERS*16-1:0] e_mask_threshold;
  wire [LADDERS*112-1:0] e_level_thresholds;

  fused_endings #(
      .PES    (PES),
      .LADDERS(LADDERS)
  ) endings (
      .clk               (clk),
      .rst               (rst),
      .expand_word       (expand),
      .depthwise_word    (depthwise),
      .count             (r_ending_count),
      .position          (pass_position),
      .works             (works),
      .channel           (r_ending_channel),
      .place             (r_ending_place),
      .falling           (r_ending_falling),
      .mask_threshold    (r_ending_mask),
      .level_thresholds  (r_ending_levels),
      .expand            (e_expand),
      .depthwise         (e_depthwise),
      .e_count           (e_count),
      .e_position        (e_position),
      .e_works           (e_works),
      .e_channel         (e_channel),
      .e_place           (e_place),
      .e_falling         (e_falling),
      .e_mask_threshold  (e_mask_threshold),
      .e_level_thresholds(e_level_thresholds)
  );

  wire [PES*LADDERS-1:0] pe_passed;
  wire [PES*LADDERS*3-1:0] pe_level;
  logic [LADDERS*PES-1:0] write_mask;
  logic [LADDERS*PES*3-1:0] write_level;

  always_comb begin
    write_mask  = '0;
    write_level = '0;
    if (e_expand || e_depthwise) begin
      for (int f = 0; f < LADDERS; f = f + 1) begin
        for (int p = 0; p < PES; p = p + 1) begin
          write_mask[f*PES+p] = pe_passed[p*LADDERS+f];
          write_level[(f*PES+p)*3+:3] = pe_level[(p*LADDERS+f)*3+:3];
        end
      end
    end
  end

  wire [PES*LANES-1:0] survive;
  wire [PES*LANES*3-1:0] lane_level;

  fused_masks #(
      .TILE_ROWS   (TILE_ROWS),
      .TILE_COLUMNS(TILE_COLUMNS),
      .LANES       (LANES),
      .LADDERS     (LADDERS),
      .CHANNELS    (MASK_CHANNELS),
      .POSITIONS   (MASK_POSITIONS),
      .LEVELS      (LEVEL_CHANNELS)
  ) masks (
      .clk            (clk),
      .write_expand   (e_expand),
      .write_depthwise(e_depthwise),
      .write_count    (e_count),
      .write_position (e_position),
      .works          (e_works),
      .write_channel  (e_channel),
      .write_place    (e_place),
      .write_mask     (write_mask),
      .write_level    (write_level),
      .read_masks     (terms),
      .channel        (r_lane_index),
      .lane_valid     (lane_valid),
      .every_tap      (r_every_tap),
      .tap_inside         (tap_inside),
      .position       (position),
      .survive        (survive),
      .read_levels    (depthwise),
      .place          (lane_place),
      .lane_ky        (lane_ky),
      .lane_kx        (lane_kx),
      .row_inside     (row_inside),
      .row_start      (row_start),
      .column_inside  (column_inside),
      .column         (column),
      .lane_level     (lane_level)
  );

  // ---- ternary operands and multiplier operands, PE by PE

  logic [PES*LANES*4-1:0] value;
  logic [PES*16-1:0] operand;

  always_comb begin
    value = '0;
    operand = '0;
    if (expand || depthwise) begin
      for (int p = 0; p < PES; p = p + 1) begin
        for (int l = 0; l < LANES; l = l + 1) begin
          if (lane_valid[l]) begin
            value[(p*LANES+l)*4+:4] = expand ? lane_v[(p*LANES+l)*4+:4] : {1'b0, lane_level[(p*LANES+l)*3+:3]};
          end
        end
      end
    end
    if (terms) begin
      for (int p = 0; p < PES; p = p + 1) begin
        if (r_constant) operand[p*16+:16] = 16'd1 << r_shift;
        else if (tap_inside[p]) operand[p*16+:16] = {{7{operand_x[p*9+8]}}, operand_x[p*9+:9]};
      end
    end
  end

  // ---- PEs

  wire [PES-1:0] pe_room, pe_idle, result_valid;
  wire [PES*32-1:0] result;

  genvar p;
  generate
    for (p = 0; p < PES; p = p + 1) begin : pes
      fused_pe #(
          .MODE       (MODE),
          .LANES      (LANES),
          .ADDERS     (ADDERS),
          .QUEUE_DEPTH(QUEUE_DEPTH),
          .ADDER_BITS (ADDER_BITS),
          .LADDERS    (LADDERS)
      ) pe (
          .clk             (clk),
          .rst             (rst),
          .predict         ((expand || depthwise) && works[p]),
          .value           (value[p*LANES*4+:LANES*4]),
          .negative        (lane_negative),
          .endings         (r_ending_count),
          .ending          (r_ending_lanes),
          .falling         (e_falling),
          .mask_threshold  (e_mask_threshold),
          .level_thresholds(e_level_thresholds),
          .passed          (pe_passed[p*LADDERS+:LADDERS]),
          .level           (pe_level[p*LADDERS*3+:LADDERS*3]),
          .push            (terms && leaves),
          .last            (r_last),
          .channel_end     (r_channel_end),
          .weight          (r_lane_weight),
          .survive         (survive[p*LANES+:LANES]),
          .word_operand    (operand[p*16+:16]),
          .room            (pe_room[p]),
          .take            (takes),
          .result_valid    (result_valid[p]),
          .result          (result[p*32+:32]),
          .idle            (pe_idle[p])
      );
    end
  endgenerate

  assign room = &pe_room;

  // ---- output unit

  fused_output #(
      .PES         (PES),
      .OUTPUT_LANES(OUTPUT_LANES)
  ) out (
      .clk              (clk),
      .rst              (rst),
      .result_valid     (result_valid),
      .result           (result),
      .takes            (takes),
      .bias             (bias),
      .multiplier       (multiplier),
      .shift            (out_shift),
      .zero_out         (zero_out),
      .lowest           (lowest),
      .highest          (highest),
      .add_residual     (add_residual),
      .zero_a           (zero_a),
      .zero_b           (zero_b),
      .residual_zero_out(residual_zero_out),
      .multiplier_a     (multiplier_a),
      .multiplier_b     (multiplier_b),
      .residual_shift   (residual_shift),
      .residual_lowest  (residual_lowest),
      .residual_highest (residual_highest),
      .residual         (residual),
      .busy             (busy),
      .group            (group),
      .emits            (emits),
      .emitted_group    (emitted_group),
      .emitted          (emitted)
  );

  assign idle = r_kind == 2'd0 && !e_expand && !e_depthwise && &pe_idle && !busy && !emits;

`ifndef SYNTHESIS
  // The order of words keeps these from happening; the block has no logic for them.
  always @(posedge clk) begin
    if (!rst) begin
      levels_are_written :
      assert (!(depthwise && e_expand))
      else $error("a depthwise word reads levels that are being written");
      masks_are_written :
      assert (!(terms && (e_expand || e_depthwise)))
      else $error("a terms word reads masks that are being written");
    end
  end
`endif

endmodule
