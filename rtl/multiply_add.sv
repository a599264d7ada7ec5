// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a PE: int8 x int8 added to an int32 that wraps around. A module of its own so that synthesis does
// not merge it with what surrounds it, and two PEs can be compared by what surrounds it.
module multiply_add (
    input  logic signed [ 7:0] a,
    input  logic signed [ 7:0] w,
    input  logic               first,    // the sum starts from zero
    input  logic        [31:0] partial,
    output logic        [31:0] sum
);

  wire signed [15:0] product = 16'(a) * 16'(w);

  assign sum = (first ? 32'd0 : partial) + 32'(product);

endmodule
