// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Resolver.Services;

/// <summary><c>flower resolver services</c>: names of what is on the board.</summary>
internal sealed class ServicesCommand : Command
{
    private readonly Option<string> _key = new("--key")
    {
        HelpName = "KEY",
        Description = "The label whose value is the name",
        DefaultValueFactory = _ => "server_hostname",
    };

    private readonly Option<string> _suffix = new("--suffix")
    {
        HelpName = "TEXT",
        Description = "What names end with: with .flower, web.flower is the service web; other names do not exist. Default: "
            + "nothing",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<string> _label = new("--label")
    {
        HelpName = "KEY",
        Description = "The label of the targets whose value is the service",
        DefaultValueFactory = _ => "service",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    public ServicesCommand()
        : base("services", "Gives what is on the board the names of hosts: a name stands for all servers with that service, in "
            + "proportion to\n"
            + "their weights. Needs the right LIST:\n"
            + "  flower resolver services --suffix .flower\n"
            + "  flower cat -l service=web\n"
            + "  flower cat server_hostname=web.flower")
    {
        Options.Add(_key);
        Options.Add(_suffix);
        Options.Add(_label);
        Options.Add(_switchboard);
        Arguments.Add(_labels);
        this.SetRunUntilStopped(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, StopSignals signals)
    {
        LabelSet labels = _labels.Read(command);
        string key = command.GetValue(_key)!;
        string label = command.GetValue(_label)!;
        LabelRules.CheckKey(key);
        LabelRules.CheckKey(label);
        if (key == label)
        {
            throw new ToolException(
                ExitCodes.Usage, "--key and --label are two: what targets state themselves is not asked for");
        }

        await using Handle handle = await _switchboard.OpenToStayAsync(command, "flower resolver", signals.Stop);
        return await Answering.RunAsync(
            handle, labels, key, [], new BoardNames(handle, key, command.GetValue(_suffix)!, label), signals);
    }
}
