// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;

namespace Flower.Serve;

/// <summary>
/// What is said of a connection with --verbose: a line for each label, with who stands behind it. One label a line,
/// since a claimed value could look like several; the connection's id stands on each, since several are served at once.
/// </summary>
internal static class ConnectionLines
{
    private const string Id = "flower.connection_id";

    /// <summary>Says which process serves a connection, and its labels.</summary>
    public static void Say(int pid, ConnectionLabels labels)
    {
        string id = labels[Id] ?? "?";
        Tool.Say(ServeCommand.FullName, $"pid {pid} serves connection {id}");
        foreach (ConnectionLabel label in labels.Where(label => label.Key != Id))
        {
            Tool.Say(ServeCommand.FullName, $"connection {id}: {label}");
        }
    }
}
