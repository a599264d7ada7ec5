// SPDX-License-Identifier: Apache-2.0
// Row and column of tap ky * kernel + kx.
module fused_kernel_place (
    input  logic [2:0] kernel,
    input  logic [5:0] tap,
    output logic [2:0] ky,
    output logic [2:0] kx
);

  always_comb begin
    ky = '0;
    for (int r = 1; r < 7; r = r + 1) begin
      if (tap >= 6'(r) * 6'(kernel)) ky = 3'(r);
    end
    kx = 3'(tap - 6'(ky) * 6'(kernel));
  end

endmodule
