// SPDX-License-Identifier: Apache-2.0
// Where the taps of a tile's outputs lie in the region. Row ky of the kernel meets one region row for each tile row,
// column kx one region column for each tile column: a PE adds its two numbers, so nothing is computed PE by PE.
// Entry k * TILE_ROWS + i (k * TILE_COLUMNS + j) belongs to kernel row (column) k and tile row i (column j).
module fused_taps #(
    parameter int TILE_ROWS    = 2,
    parameter int TILE_COLUMNS = 2,
    parameter int PES          = TILE_ROWS * TILE_COLUMNS
) (
    input  logic                         twice,           // stride 2
    input  logic [                 14:0] region_rows,
    input  logic [                 14:0] region_columns,
    input  logic [                  2:0] pad_top,
    input  logic [                  2:0] pad_left,
    output logic [      7*TILE_ROWS-1:0] row_inside,
    output logic [   7*TILE_ROWS*15-1:0] row_start,       // position of the row's first column
    output logic [   7*TILE_COLUMNS-1:0] column_inside,
    output logic [7*TILE_COLUMNS*15-1:0] column,
    // of one tap, for every PE
    input  logic [                  2:0] ky,
    input  logic [                  2:0] kx,
    output logic [              PES-1:0] tap_inside,
    output logic [           PES*15-1:0] position
);

  logic signed [16:0] row, col;

  always_comb begin
    row_inside = '0;
    row_start = '0;
    column_inside = '0;
    column = '0;
    row = '0;
    col = '0;
    for (int k = 0; k < 7; k = k + 1) begin
      for (int i = 0; i < TILE_ROWS; i = i + 1) begin
        row = 17'((twice ? 2 * i : i) + k) - $signed({14'd0, pad_top});
        row_inside[k*TILE_ROWS+i] = !row[16] && row < $signed({2'd0, region_rows});
        row_start[(k*TILE_ROWS+i)*15+:15] = row[14:0] * region_columns;
      end
      for (int j = 0; j < TILE_COLUMNS; j = j + 1) begin
        col = 17'((twice ? 2 * j : j) + k) - $signed({14'd0, pad_left});
        column_inside[k*TILE_COLUMNS+j] = !col[16] && col < $signed({2'd0, region_columns});
        column[(k*TILE_COLUMNS+j)*15+:15] = col[14:0];
      end
    end
  end

  int tap_row, tap_column;

  always_comb begin
    tap_inside = '0;
    position = '0;
    tap_row = 0;
    tap_column = 0;
    for (int i = 0; i < TILE_ROWS; i = i + 1) begin
      for (int j = 0; j < TILE_COLUMNS; j = j + 1) begin
        tap_row = 32'(ky) * TILE_ROWS + i;
        tap_column = 32'(kx) * TILE_COLUMNS + j;
        tap_inside[i*TILE_COLUMNS+j] = row_inside[tap_row] && column_inside[tap_column];
        position[(i*TILE_COLUMNS+j)*15+:15] = row_start[tap_row*15+:15] + column[tap_column*15+:15];
      end
    end
  end

endmodule
