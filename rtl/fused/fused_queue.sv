// SPDX-License-Identifier: Apache-2.0
// Mode elastic: the FIFO of a PE's survivors and the adders at its head. Entries are {weight (16), operand (16), done,
// tail}; the last survivor of a list is its tail. A list whose last word leaves no survivor gets a null entry for a
// tail, unless nothing waits for one.
module fused_queue #(
    parameter int LANES      = 4,
    parameter int ADDERS     = 2,
    parameter int DEPTH      = 6,
    parameter int ADDER_BITS = 20
) (
    input  logic                  clk,
    input  logic                  rst,
    // the word in R0
    input  logic                  push,          // it leaves
    input  logic                  last,
    input  logic                  channel_end,
    input  logic [          15:0] operand,
    input  logic [           6:0] survivors,
    input  logic [  LANES*16-1:0] weight,        // of the survivors
    output logic                  room,          // its entries fit
    // adders
    input  logic                  hold_done,     // no channel's end may be taken
    output logic [ADDER_BITS-1:0] sum,           // of the weights taken
    output logic                  tail,          // they end a list
    output logic                  tail_done,
    output logic [          15:0] tail_operand,
    output logic [          12:0] used
);

  localparam int ENTRY = 34;

  logic [DEPTH*ENTRY-1:0] entries;
  logic [12:0] head;
  logic started;  // earlier words of the list left survivors

  // Places after place `from` < DEPTH, around the end; `by` <= DEPTH.
  function automatic [12:0] after(input logic [12:0] from, input logic [12:0] by);
    after = 14'(from) + 14'(by) >= 14'(DEPTH) ? 13'(14'(from) + 14'(by) - 14'(DEPTH)) : from + by;
  endfunction

  // ---- push

  wire null_entry = survivors == '0 && last && (started || channel_end);
  wire [12:0] pushed = null_entry ? 13'd1 : 13'(survivors);

  assign room = 14'(used) + 14'(pushed) <= 14'(DEPTH);

  logic is_last;
  logic [DEPTH*ENTRY-1:0] filled;
  always_comb begin
    filled = entries;
    is_last = 1'b0;
    if (push) begin
      for (int i = 0; i < LANES; i = i + 1) begin
        if (i < 32'(pushed)) begin
          is_last = last && i + 1 == 32'(pushed);
          filled[32'(after(after(head, used), 13'(i)))*ENTRY+:ENTRY] = {
            weight[i*16+:16], operand, is_last && channel_end, is_last
          };
        end
      end
    end
  end

  // ---- take

  logic [12:0] taken;
  logic [ENTRY-1:0] entry;
  logic [ADDER_BITS-1:0] weights;
  logic found, found_done;
  logic [15:0] found_operand;
  always_comb begin
    taken = '0;
    weights = '0;
    entry = '0;
    found = 1'b0;
    found_done = 1'b0;
    found_operand = '0;
    for (int a = 0; a < ADDERS; a = a + 1) begin
      if (!found && a < 32'(used)) begin
        entry = entries[32'(after(head, 13'(a)))*ENTRY+:ENTRY];
        weights = weights + ADDER_BITS'($signed(entry[33:18]));
        taken = 13'(a + 1);
        if (entry[0]) begin
          found = 1'b1;
          found_done = entry[1];
          found_operand = entry[17:2];
        end
      end
    end
  end

  wire held = found && found_done && hold_done;

  assign sum          = held ? '0 : weights;
  assign tail         = found && !held;
  assign tail_done    = found_done;
  assign tail_operand = found_operand;

  always_ff @(posedge clk) begin
    if (rst) begin
      entries <= '0;
      head    <= '0;
      used    <= '0;
      started <= 1'b0;
    end else begin
      if (push) begin
        entries <= filled;
        started <= !last && (started || survivors != '0);
      end
      if (!held) head <= after(head, taken);
      used <= used + (push ? pushed : 13'd0) - (held ? 13'd0 : taken);
    end
  end

endmodule
