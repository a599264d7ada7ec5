// SPDX-License-Identifier: Apache-2.0
// Survivor compaction: moves the weights of the lanes that the masks let pass together, in lane order.
module fused_survivors #(
    parameter int LANES = 4
) (
    input  logic [   LANES-1:0] survive,
    input  logic [LANES*16-1:0] weight,
    output logic [         6:0] count,
    output logic [LANES*16-1:0] compact   // entries from `count` on are 0
);

  always_comb begin
    count   = '0;
    compact = '0;
    for (int l = 0; l < LANES; l = l + 1) begin
      if (survive[l]) begin
        compact[32'(count)*16+:16] = weight[l*16+:16];
        count = count + 7'd1;
      end
    end
  end

endmodule
