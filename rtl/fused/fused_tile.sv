// SPDX-License-Identifier: Apache-2.0
// The two input tiles: of each element x, which the main path multiplies, and v, the predictor's 4-bit copy. A memory
// row holds what the write port moves in a cycle; a write that does not begin with a row ends in the next one.
// The memories have no reset; they start as zeros.
module fused_tile #(
    parameter int LANES  = 4,
    parameter int PES    = 4,
    parameter int BYTES  = 64,  // elements of a tile
    parameter int PORT   = 4    // elements written in a cycle, at most
) (
    input  logic                   clk,
    input  logic                   write,
    input  logic                   write_buffer,
    input  logic [           24:0] write_address,
    input  logic [           12:0] write_count,
    input  logic [     PORT*9-1:0] write_x,
    input  logic [     PORT*4-1:0] write_v,
    input  logic                   read_buffer,
    // expand: v of PE p in lane l is element lane_address[l] + p
    input  logic                   read_lanes,
    input  logic [   LANES*25-1:0] lane_address,
    output logic [PES*LANES*4-1:0] lane_v,
    // terms: x of PE p is element operand_address[p]
    input  logic                   read_operands,
    input  logic [     PES*25-1:0] operand_address,
    output logic [      PES*9-1:0] operand_x
);

  localparam int ROWS = (BYTES + PORT - 1) / PORT;
  localparam int ROW_BITS = $clog2(2 * ROWS);

  logic [PORT*9-1:0] x[2*ROWS];
  logic [PORT*4-1:0] v[2*ROWS];

  initial begin
    for (int i = 0; i < 2 * ROWS; i = i + 1) begin
      x[i] = '0;
      v[i] = '0;
    end
  end

  function automatic [ROW_BITS-1:0] row_of(input logic second, input logic [24:0] address);
    row_of = ROW_BITS'((second ? ROWS : 0) + (32'(address) / PORT));
  endfunction

  // ---- write

  localparam int PLACE_BITS = $clog2(2 * PORT);

  wire [PLACE_BITS-1:0] place = PLACE_BITS'(32'(write_address) % PORT);
  wire [2*PORT*9-1:0] x_shifted = {{PORT * 9{1'b0}}, write_x} << (32'(place) * 9);
  wire [2*PORT*4-1:0] v_shifted = {{PORT * 4{1'b0}}, write_v} << (32'(place) * 4);
  wire [ROW_BITS-1:0] low_row = row_of(write_buffer, write_address);
  wire [ROW_BITS-1:0] high_row = low_row + ROW_BITS'(1);
  wire spills = 32'(place) + 32'(write_count) > PORT;

  logic [2*PORT*9-1:0] x_enable;
  logic [2*PORT*4-1:0] v_enable;
  always_comb begin
    x_enable = '0;
    v_enable = '0;
    for (int i = 0; i < 2 * PORT; i = i + 1) begin
      if (i + 1 > 32'(place) && i < 32'(place) + 32'(write_count)) begin
        x_enable[i*9+:9] = '1;
        v_enable[i*4+:4] = '1;
      end
    end
  end

  always_ff @(posedge clk) begin
    if (write) begin
      x[low_row] <= (x[low_row] & ~x_enable[PORT*9-1:0]) | (x_shifted[PORT*9-1:0] & x_enable[PORT*9-1:0]);
      v[low_row] <= (v[low_row] & ~v_enable[PORT*4-1:0]) | (v_shifted[PORT*4-1:0] & v_enable[PORT*4-1:0]);
      if (spills) begin
        x[high_row] <= (x[high_row] & ~x_enable[PORT*9+:PORT*9]) | (x_shifted[PORT*9+:PORT*9] & x_enable[PORT*9+:PORT*9]);
        v[high_row] <= (v[high_row] & ~v_enable[PORT*4+:PORT*4]) | (v_shifted[PORT*4+:PORT*4] & v_enable[PORT*4+:PORT*4]);
      end
    end
  end

  // ---- read

  logic [24:0] address;

  always_comb begin
    lane_v = '0;
    operand_x = '0;
    address = '0;
    if (read_lanes) begin
      for (int l = 0; l < LANES; l = l + 1) begin
        for (int p = 0; p < PES; p = p + 1) begin
          address = lane_address[l*25+:25] + 25'(p);
          lane_v[(p*LANES+l)*4+:4] = v[row_of(read_buffer, address)][(32'(address)%PORT)*4+:4];
        end
      end
    end
    if (read_operands) begin
      for (int p = 0; p < PES; p = p + 1) begin
        address = operand_address[p*25+:25];
        operand_x[p*9+:9] = x[row_of(read_buffer, address)][(32'(address)%PORT)*9+:9];
      end
    end
  end

endmodule
