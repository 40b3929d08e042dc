// SPDX-License-Identifier: BSD-2-Clause
// Fetches a page through the board, without a network of its own. Hosts whose names end with .board are services there; all
// others are a resolver's and an egress's business.
//
//     dotnet run --project samples/WebClient -- http://www.board/
using Flower.Client;
using Flower.Http;
using Flower.Protocol;

const string Suffix = ".board";
try
{
    await using Handle handle = await Handle.OpenAsync();
    using SocketsHttpHandler handler = new SocketsHttpHandler().UseFlower(handle, new()
    {
        LabelsOf = url => url.Host.EndsWith(Suffix, StringComparison.Ordinal)
            ? LabelSet.Create(("service", url.Host[..^Suffix.Length]))
            : FlowerHttpOptions.AddressLabels(url),
    });
    using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
    Console.Write(await client.GetStringAsync(args[0]));
    return 0;
}
catch (Exception e) when (e is HttpRequestException or FlowerException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
