// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Protocol;

namespace Flower.Run.Agent;

/// <summary>
/// The labels of the request that a connect in the box becomes. Each requires <c>address_family</c>, so that a server
/// which says nothing of addresses is never reached by accident (docs/design.md §4). Pure.
/// </summary>
internal static class RequestLabels
{
    private const string Family = "address_family";

    /// <summary>Of a connect to an address.</summary>
    public static LabelSet Of(IPEndPoint destination) => LabelSet.Create(
        [
            new(Family, destination.AddressFamily == AddressFamily.InterNetwork ? "inet" : "inet6"),
            new("server_address", destination.Address.ToString()),
            new("server_port", Number(destination.Port)),
        ],
        [Family]);

    /// <summary>Of a connect to a name: which family it has is found out outside.</summary>
    public static LabelSet Of(string name, int port) => LabelSet.Create(
        [new("server_hostname", name), new("server_port", Number(port))], [Family]);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
