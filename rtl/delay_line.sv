// SPDX-License-Identifier: Apache-2.0
// A line of DEPTH registers of WIDTH bits; a plain wire when DEPTH is 0.
module delay_line #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 1
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             en,
    input  logic [WIDTH-1:0] d,
    output logic [WIDTH-1:0] q
);

  generate
    if (DEPTH == 0) begin : g_wire
      wire unused_ok = &{1'b0, clk, rst, en};
      assign q = d;
    end else begin : g_line
      logic [DEPTH*WIDTH-1:0] line;
      wire  [(DEPTH+1)*WIDTH-1:0] moved = {line, d};

      always_ff @(posedge clk) begin
        if (rst) line <= '0;
        else if (en) line <= moved[DEPTH*WIDTH-1:0];
      end

      assign q = moved[DEPTH*WIDTH+:WIDTH];
    end
  endgenerate

endmodule
