// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Rpc.Interop;

namespace Flower.Tap;

/// <summary><c>flower tap</c>: looks into connections.</summary>
public sealed class TapCommand : Command
{
    // As tcpdump's: more than any packet here has.
    private const int DefaultSnapLength = 262144;
    private const int LeastSnapLength = 68;

    private readonly Option<string?> _write = new("-w")
    {
        HelpName = "FILE",
        Description = "Write packets to FILE, in pcapng, which Wireshark and tshark open: each connection is one TCP stream, and "
            + "its labels are the comment of its first packet. -: standard output.",
    };

    private readonly Option<bool> _text = new("-A") { Description = "Print the bytes as text." };

    private readonly Option<bool> _hex = new("-X") { Description = "Print the bytes in hex and as text." };

    private readonly Option<long?> _count = new("-c")
    {
        HelpName = "N",
        Description = "Tap N connections, and end when these have ended. Default: until it is stopped.",
    };

    private readonly Option<int> _snapLength = new("--snaplen")
    {
        HelpName = "BYTES",
        Description = "Keep so many bytes of each packet, 68 or more; the default keeps all",
        DefaultValueFactory = _ => DefaultSnapLength,
    };

    private readonly DurationOption _drain = DrainOption.Create("connections that are tapped");
    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public TapCommand()
        : base("tap", "Looks into new connections whose labels, of either side, match: do not contradict, have every +key, and\n"
            + "share at least one. Prints a line when one opens and when it closes, or its bytes. Both sides see the\n"
            + "label flower.tapped=true. Needs the right TAP, which nobody has whom the switchboard's configuration does\n"
            + "not give it by name. When the tap ends, the connections that it relays end; others are never touched.\n"
            + "  flower tap service=web -A\n"
            + "  flower tap service=web -w web.pcapng\n"
            + "  flower tap +flower.connection_id -w - | tshark -r -")
    {
        _count.AcceptFromTo(1, long.MaxValue);
        _snapLength.AcceptFromTo(LeastSnapLength, int.MaxValue);
        Add(_write);
        Add(_text);
        Add(_hex);
        Add(_count);
        Add(_snapLength);
        Add(_drain);
        Add(_switchboard);
        Add(_labels);
        this.SetRunUntilStopped(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, StopSignals signals)
    {
        LabelSet labels = _labels.Read(command);
        if (labels.IsEmpty)
        {
            throw new ToolException(
                ExitCodes.Usage, "say what to tap: a label, or +flower.connection_id for all connections");
        }

        string? path = command.GetValue(_write);
        CheckOutput(path, command.GetValue(_text), command.GetValue(_hex));
        await using Handle handle = await _switchboard.OpenToStayAsync(command, "flower tap", signals.Stop);
        var options = new TapOptions { Most = command.GetValue(_count) };
        await using Client.Tap tap = await handle.TapAsync(labels, options, signals.Stop);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(signals.End);
        using Recorder recorder = OpenRecorder(command, path, over.Token);
        Tool.Say("flower tap", $"new connections of {labels} are tapped");
        Notifier.Ready();
        var run = new TapRun(handle, tap, recorder, signals, over, _drain.Read(command));
        try
        {
            await run.RunAsync();
        }
        finally
        {
            Tool.Say("flower tap", $"{Plural.Of(run.Count, "connection was", "connections were")} tapped, {Plural.Of((long)tap.Missed, "was", "were")} missed");
        }

        return ExitCodes.Ok;
    }

    private static void CheckOutput(string? path, bool isText, bool isHex)
    {
        if ((path is null ? 0 : 1) + (isText ? 1 : 0) + (isHex ? 1 : 0) > 1)
        {
            throw new ToolException(ExitCodes.Usage, "give one of -w, -A and -X");
        }

        if (path == "-" && StreamFile.IsTerminal(Descriptor.Borrow(1)))
        {
            throw new ToolException(ExitCodes.Usage, "a terminal cannot show packets: give -w FILE, -A or -X");
        }
    }

    private Recorder OpenRecorder(ParseResult command, string? path, CancellationToken over)
    {
        int snapLength = command.GetValue(_snapLength);
        if (path is null)
        {
            ShownBytes shown = command.GetValue(_hex) ? ShownBytes.Hex
                : command.GetValue(_text) ? ShownBytes.Text
                : ShownBytes.None;
            return new(new TextSink(OutputFile.Standard(over), shown, snapLength));
        }

        OutputFile file = path == "-" ? OutputFile.Standard(over) : OutputFile.Create(path, over);
        try
        {
            return new(new CaptureSink(new PcapngWriter(file, snapLength)));
        }
        catch (OutputException e)
        {
            file.Dispose();
            throw new ToolException(ExitCodes.Failed, $"cannot write {path}: {e.Message}", e);
        }
    }
}
