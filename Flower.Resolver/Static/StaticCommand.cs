// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Resolver.Static;

/// <summary><c>flower resolver static</c>: names from a file.</summary>
internal sealed class StaticCommand : Command
{
    private readonly Argument<string> _file = new("FILE") { Description = "The names, in JSON" };

    private readonly Option<string> _key = new("--key")
    {
        HelpName = "KEY",
        Description = "The label whose value is the name",
        DefaultValueFactory = _ => "service",
    };

    private readonly Option<bool> _check = new("--check")
    {
        Description = "Say what is wrong with the file (exit code 78), and end",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    public StaticCommand()
        : base("static", "Says what the names in a file stand for. The file is read again when it changes and at SIGHUP; one that "
            + "is wrong\n"
            + "is refused whole, and what it said before stands:\n"
            + "  { \"names\": { \"db\": [ { \"labels\": { \"app\": \"postgres\", \"zone\": \"a\" }, \"weight\": 3 },\n"
            + "                       { \"labels\": \"app=postgres zone=b\", \"weight\": 1 } ] } }\n"
            + "  flower resolver static names.json\n"
            + "  flower cat service=db")
    {
        Arguments.Add(_file);
        Options.Add(_key);
        Options.Add(_check);
        Options.Add(_switchboard);
        Arguments.Add(_labels);
        this.SetRunUntilStopped(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, StopSignals signals)
    {
        LabelSet labels = _labels.Read(command);
        string file = command.GetValue(_file)!;
        string key = command.GetValue(_key)!;
        LabelRules.CheckKey(key);
        if (command.GetValue(_check))
        {
            FileNames.Read(file);
            return ExitCodes.Ok;
        }

        using var names = new FileNames(file, key);
        await using Handle handle = await _switchboard.OpenToStayAsync(command, "flower resolver", signals.Stop);
        return await Answering.RunAsync(handle, labels, key, [], names, signals);
    }
}
